"""The table at the end of `verify`, and its plain closing line."""

from __future__ import annotations

from stack.verify.running import Result


class Report:
    """Collects the results in order."""

    def __init__(self) -> None:
        self._results: list[Result] = []

    def add(self, result: Result) -> None:
        self._results.append(result)

    @property
    def is_passed(self) -> bool:
        return bool(self._results) and all(result.is_passed for result in self._results)

    def show(self, *, total_seconds: float) -> None:
        """Print the table and, last, "N passed, N failed"."""
        print(f"\n  {'stage':<12} {'':<6} {'tests':>6} {'failed':>6} {'seconds':>8}")
        for result in self._results:
            tests = "" if result.stage.counted == "check" else str(result.passed + result.failed)
            failed = str(result.failed) if result.failed else ""
            word = "ok" if result.is_passed else "FAILED"
            print(
                f"  {result.stage.name:<12} {word:<6} {tests:>6} {failed:>6} {result.seconds:>8.1f}"
            )
        print(f"  {'all':<12} {'':<6} {'':>6} {'':>6} {total_seconds:>8.1f}\n")
        all_passed = sum(result.passed for result in self._results)
        all_failed = sum(result.failed for result in self._results)
        print(f"{all_passed} passed, {all_failed} failed", flush=True)
