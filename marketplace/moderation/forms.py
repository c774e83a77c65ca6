"""What staff may send: shape only; whether the act is possible is the services' question."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from marketplace.disputes.models import LETTER_LENGTH
from marketplace.disputes.reasons import (
    ALL_TO_BUYER,
    ALL_TO_SELLER,
    ANSWERS,
    QUESTIONS,
    RULING_REASONS,
    SPLIT,
)
from marketplace.money import MoneyError, base_units
from marketplace.trades.models import Trade

REASON_LENGTH = 500
OUTCOMES = (
    (ALL_TO_BUYER, "All to the buyer"),
    (ALL_TO_SELLER, "All to the seller"),
    (SPLIT, "Split"),
)
TERMS = ((24, "a day"), (72, "three days"), (168, "a week"), (720, "thirty days"))
ANSWER_HOURS = ((12, "12 hours"), (24, "a day"), (48, "two days"))


def reason_field(label: str = "Reason") -> forms.CharField:
    """The reason that every act of staff needs."""
    return forms.CharField(
        label=label,
        max_length=REASON_LENGTH,
        error_messages={"required": "Write the reason: the person and the audit log both get it."},
    )


class ReasonForm(forms.Form):
    """An act that needs nothing but its reason."""

    reason = reason_field()


class NoteForm(forms.Form):
    """A line for colleagues."""

    text = forms.CharField(
        max_length=REASON_LENGTH, error_messages={"required": "The note is empty."}
    )


class SuspendForm(forms.Form):
    """How long, why, and how to answer."""

    hours = forms.TypedChoiceField(label="Until", coerce=int, choices=TERMS, initial=168)
    reason = reason_field()
    appeal = forms.CharField(
        label="How to answer",
        max_length=300,
        initial="Write to the desk with what we got wrong; another moderator reads it.",
    )

    def until(self) -> datetime:
        """The end that was picked, from now."""
        return timezone.now() + timedelta(hours=self.cleaned_data["hours"])


class HandOverForm(forms.Form):
    """Which colleague, and why."""

    to = forms.CharField(label="To", max_length=42)
    reason = reason_field()


class AskForm(forms.Form):
    """What to ask of whom, and for how long; times are the chain's."""

    of = forms.ChoiceField(
        label="Whom", choices=[("both", "Both"), ("buyer", "The buyer"), ("seller", "The seller")]
    )
    text = forms.CharField(
        label="What",
        max_length=REASON_LENGTH,
        error_messages={"required": "Write what you want to see."},
    )
    hours = forms.TypedChoiceField(label="Within", coerce=int, choices=ANSWER_HOURS, initial=24)

    def due_at(self, now: int) -> datetime:
        """The answer's time, counted from chain second `now`."""
        return datetime.fromtimestamp(now, tz=UTC) + timedelta(hours=self.cleaned_data["hours"])


class RulingForm(forms.Form):
    """Findings, outcome, reason and letter. `to_buyer` comes out in base units, exactly."""

    outcome = forms.ChoiceField(
        choices=OUTCOMES, error_messages={"required": "Say where the coins go."}
    )
    to_buyer = forms.CharField(max_length=80, required=False)
    reason = forms.ChoiceField(
        label="Reason both will read", choices=[(row.code, row.text) for row in RULING_REASONS]
    )
    letter = forms.CharField(
        max_length=LETTER_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={
            "required": "Write the letter: both will ask why, and the contract keeps its hash."
        },
    )

    def __init__(
        self, data: Any = None, *, trade: Trade, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial)
        self.trade = trade
        for code, question in QUESTIONS:
            self.fields[code] = forms.ChoiceField(
                label=question,
                choices=ANSWERS,
                error_messages={"required": "Answer all four questions; “unclear” is an answer."},
            )

    def clean(self) -> dict[str, Any]:
        """Turn the outcome into the buyer's part in base units."""
        values = super().clean() or {}
        amount = self.trade.amount_base_units
        whole = {ALL_TO_BUYER: amount, ALL_TO_SELLER: 0}.get(values.get("outcome", ""))
        if whole is not None:
            values["to_buyer"] = whole
            return values
        try:
            part = base_units(values.get("to_buyer", "").strip(), self.trade.asset.decimals)
        except MoneyError as error:
            self.add_error("to_buyer", str(error))
            return values
        if part > amount:
            self.add_error("to_buyer", "That is more than the trade holds.")
        values["to_buyer"] = part
        return values

    def findings(self) -> dict[str, str]:
        """The answer to each question."""
        return {code: self.cleaned_data[code] for code, _ in QUESTIONS}

    @property
    def has_missing_answer(self) -> bool:
        return any(code in self.errors for code, _ in QUESTIONS)

    @property
    def question_fields(self) -> list[forms.BoundField]:
        return [self[code] for code, _ in QUESTIONS]
