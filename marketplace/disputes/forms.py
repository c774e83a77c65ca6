"""What a party may send about a dispute: shape only; whether it is possible now is the services' question."""

from __future__ import annotations

from typing import Any

from django import forms

from marketplace.disputes.reasons import (
    ALL_TO_SELLER,
    EVIDENCE_LENGTH,
    SPLIT,
    STORY_LENGTH,
    WAIT,
    WANTED,
    Reason,
)
from marketplace.money import MoneyError, base_units
from marketplace.trades.models import Trade

EVIDENCE = "evidence_"


class FilingForm(forms.Form):
    """Story, wish and one text per evidence slot of the picked reason."""

    story = forms.CharField(
        max_length=STORY_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={
            "required": "Write what happened, when, and what you saw in your own bank."
        },
    )
    wanted = forms.ChoiceField(error_messages={"required": "Say what you want to happen."})
    to_buyer = forms.CharField(max_length=80, required=False)

    def __init__(self, data: Any = None, *, trade: Trade, picked: Reason) -> None:
        waits = picked.code == "hold"
        super().__init__(
            data,
            initial={
                "wanted": WAIT if waits else ALL_TO_SELLER if "seller" in picked.roles else ""
            },
        )
        self.trade = trade
        self._choice("wanted").choices = [
            (code, name) for code, name in WANTED if (code == WAIT) == waits
        ]
        self.fields["story"].required = not waits
        for slot in picked.slots:
            self.fields[EVIDENCE + slot.code] = forms.CharField(
                label=slot.label,
                help_text=slot.hint,
                max_length=EVIDENCE_LENGTH,
                required=False,
                widget=forms.Textarea(attrs={"rows": 3}),
            )

    def clean(self) -> dict[str, Any]:
        """Turn the wished part into base units, exactly; it is asked for with a split only."""
        values = super().clean() or {}
        if values.get("wanted") != SPLIT:
            values["to_buyer"] = None
            return values
        try:
            values["to_buyer"] = base_units(
                values.get("to_buyer", "").strip(), self.trade.asset.decimals
            )
        except MoneyError as error:
            self.add_error("to_buyer", str(error))
        return values

    def evidence(self) -> dict[str, str]:
        """The evidence given, by slot."""
        return {
            name.removeprefix(EVIDENCE): value
            for name, value in self.cleaned_data.items()
            if name.startswith(EVIDENCE) and value
        }

    @property
    def evidence_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(EVIDENCE)]

    def _choice(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        if not isinstance(field, forms.ChoiceField):
            raise TypeError(name)
        return field


class StatementForm(forms.Form):
    """Own words, or one piece of evidence, for a running dispute."""

    slot = forms.CharField(max_length=20, required=False)
    text = forms.CharField(
        max_length=EVIDENCE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={
            "required": "There is nothing in it yet. Write what you saw or did, and when."
        },
    )
