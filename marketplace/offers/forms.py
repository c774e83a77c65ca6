"""The steps of writing an offer, as plain server forms. Each turns texts into the values a draft keeps (JSON)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from escrow.models import Asset
from marketplace.money import (
    MoneyError,
    fiat_exponent,
    fiat_text,
    parse_amount,
    price_places,
    price_text,
)
from marketplace.offers.arbitrators import arbitrator, arbitrators
from marketplace.offers.models import PriceKind, Side
from marketplace.offers.pricing import against_market_bps
from marketplace.payments.catalogue import (
    DetailsRefused,
    Method,
    clean_details,
    currencies,
    methods_for,
)
from marketplace.payments.fields import FieldRefused, clean_text

MARGIN_LIMIT_BPS = 5000
# Further from the market than this is more often a slip of the keyboard than a wish.
PRICE_LIMIT_BPS = 5000
MAX_METHODS = 5
FREE_PRICE_PLACES = 8
DONE_CHOICES = (
    (0, "Anybody"),
    (1, "1 finished trade"),
    (3, "3 finished trades"),
    (5, "5 finished trades"),
)
AGE_CHOICES = ((0, "Any age"), (1, "1 day"), (7, "7 days"), (30, "30 days"))
EXPIRY_CHOICES = ((7, "7 days"), (30, "30 days"), (90, "90 days"))
_PERCENT = re.compile(
    r"(?P<sign>[+\-\u2212]?)\s*(?P<whole>[0-9]{1,3})(?:\.(?P<part>[0-9]{1,2}))?\s*%?"
)


class AmountField(forms.CharField):
    """A positive amount as people write it; cleans to a decimal text, names what is wrong otherwise."""

    def __init__(self, *, exponent: int, **kwargs: Any) -> None:
        self.exponent = exponent
        super().__init__(max_length=100, strip=True, **kwargs)

    def clean(self, value: Any) -> str:
        """The amount as plain decimal text, or empty when the field may be."""
        text = super().clean(value)
        if not text:
            return ""
        try:
            return price_text(parse_amount(text, exponent=self.exponent))
        except MoneyError as error:
            raise forms.ValidationError(str(error), code=error.code) from error


class PercentField(forms.CharField):
    """A margin in percent with a sign and at most two decimals; cleans to basis points."""

    def clean(self, value: Any) -> Any:
        """Basis points, or None when empty."""
        text = super().clean(value)
        if not text:
            return None
        found = _PERCENT.fullmatch(text)
        if found is None:
            raise forms.ValidationError("Write a percentage like +1.5 or -0.7.")
        bps = int(found["whole"]) * 100 + int((found["part"] or "0").ljust(2, "0"))
        if bps > MARGIN_LIMIT_BPS:
            raise forms.ValidationError("Stay within 50 % of the market.")
        return bps if found["sign"] in {"", "+"} else -bps


class StepForm(forms.Form):
    """One step. `values()` is what the draft keeps of it, `initial_of` the way back into the form."""

    def values(self) -> dict[str, Any]:
        """The cleaned answers as JSON values."""
        return dict(self.cleaned_data)

    @staticmethod
    def initial_of(values: Mapping[str, Any]) -> dict[str, Any]:
        """A draft's values as the form's initial ones."""
        return dict(values)


class SideForm(StepForm):
    """Which way, which coin, which money."""

    side = forms.ChoiceField(
        choices=Side.choices, error_messages={"required": "Say whether you sell or buy."}
    )
    asset = forms.ChoiceField()
    currency = forms.ChoiceField()

    def __init__(self, *args: Any, assets: Sequence[Asset], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["asset"].choices = [(found.symbol, found.symbol) for found in assets]  # type: ignore[attr-defined]
        self.fields["currency"].choices = [(code, code) for code in currencies()]  # type: ignore[attr-defined]


class AmountForm(StepForm):
    """Limits in fiat and stock in coins."""

    def __init__(self, *args: Any, asset: Asset, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        exponent = fiat_exponent(currency)
        self.fields["min_fiat"] = AmountField(exponent=exponent)
        self.fields["max_fiat"] = AmountField(exponent=exponent)
        self.fields["stock"] = AmountField(exponent=asset.decimals)

    def clean(self) -> dict[str, Any]:
        """Limits in order."""
        data = super().clean() or {}
        if (
            data.get("min_fiat")
            and data.get("max_fiat")
            and Decimal(data["max_fiat"]) < Decimal(data["min_fiat"])
        ):
            self.add_error("max_fiat", "The most per trade must not be below the least.")
        return data


class PriceForm(StepForm):
    """Follows the market or stands still; with a floor and a ceiling if wanted."""

    price_kind = forms.ChoiceField(
        choices=PriceKind.choices, error_messages={"required": "Pick a kind of price."}
    )
    margin = PercentField(required=False, max_length=12)

    def __init__(self, *args: Any, currency: str, reference: Decimal | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency, self.reference = currency, reference
        places = price_places(reference, currency) if reference is not None else FREE_PRICE_PLACES
        for name in ("fixed_price", "floor_price", "ceiling_price"):
            self.fields[name] = AmountField(exponent=max(places, 4), required=False)

    def clean(self) -> dict[str, Any]:
        """Exactly the fields of the chosen kind, each within reach of the market."""
        data = super().clean() or {}
        if data.get("price_kind") == PriceKind.FIXED:
            self._check_fixed(data)
        elif data.get("price_kind") == PriceKind.MARGIN:
            if data.get("margin") is None and "margin" not in self.errors:
                self.add_error("margin", "Say how far from the market, 0 for the market itself.")
            if self.reference is None:
                self.add_error(
                    "price_kind",
                    "There is no market price for this pair right now. Set a fixed price.",
                )
        floor, ceiling = data.get("floor_price"), data.get("ceiling_price")
        if floor and ceiling and Decimal(floor) > Decimal(ceiling):
            self.add_error("ceiling_price", "“Never above” must not be below “never below”.")
        return data

    def values(self) -> dict[str, Any]:
        """Only what the chosen kind uses."""
        data = self.cleaned_data
        is_fixed = data["price_kind"] == PriceKind.FIXED
        return {
            "price_kind": data["price_kind"],
            "fixed_price": price_text(Decimal(data["fixed_price"])) if is_fixed else None,
            "margin_bps": None if is_fixed else data["margin"],
            "floor_price": None if is_fixed else data["floor_price"] or None,
            "ceiling_price": None if is_fixed else data["ceiling_price"] or None,
        }

    @staticmethod
    def initial_of(values: Mapping[str, Any]) -> dict[str, Any]:
        """Basis points back into percent."""
        bps = values.get("margin_bps")
        return {**values, "margin": None if bps is None else f"{Decimal(bps) / 100:+f}"}

    def _check_fixed(self, data: Mapping[str, Any]) -> None:
        price = data.get("fixed_price")
        if not price:
            if "fixed_price" not in self.errors:
                self.add_error("fixed_price", "Set the price of one coin.")
        elif (
            self.reference is not None
            and abs(against_market_bps(Decimal(price), self.reference)) > PRICE_LIMIT_BPS
        ):
            market = fiat_text(self.reference, self.currency)
            self.add_error(
                "fixed_price",
                f"That is more than 50 % away from the market ({market} {self.currency}). Is a digit missing?",
            )


class MethodsForm(StepForm):
    """The payment methods, on a sell offer each with the maker's account. Fields are named "<method>-<field>"."""

    def __init__(
        self,
        *args: Any,
        side: str,
        currency: str,
        accounts: Mapping[str, Mapping[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.choices = methods_for(currency)
        self.wants_details = side == Side.SELL
        picked = {
            entry["method"]: entry.get("details", {}) for entry in self.initial.get("methods", [])
        }
        for choice in self.choices:
            self.fields[f"pick-{choice.code}"] = forms.BooleanField(
                required=False, initial=choice.code in picked
            )
            known = picked.get(choice.code) or accounts.get(choice.code, {})
            for field in choice.payee_fields if self.wants_details else ():
                self.fields[f"{choice.code}-{field.name}"] = forms.CharField(
                    required=False,
                    max_length=400,
                    initial=known.get(field.name, ""),
                    label=field.label,
                )

    def groups(self) -> list[dict[str, Any]]:
        """The methods with their bound fields, for the template."""
        return [
            {
                "method": choice,
                "pick": self[f"pick-{choice.code}"],
                "fields": [
                    {"bound": self[f"{choice.code}-{field.name}"], "field": field}
                    for field in (choice.payee_fields if self.wants_details else ())
                ],
            }
            for choice in self.choices
        ]

    def clean(self) -> dict[str, Any]:
        """At least one method, and complete details of each that is picked."""
        data = super().clean() or {}
        picked = [choice for choice in self.choices if data.get(f"pick-{choice.code}")]
        if not picked:
            raise forms.ValidationError("Pick at least one way to pay.")
        if len(picked) > MAX_METHODS:
            raise forms.ValidationError(f"Pick at most {MAX_METHODS} ways to pay.")
        data["methods"] = [
            {"method": choice.code, "details": self._details(choice, data)} for choice in picked
        ]
        return data

    def values(self) -> dict[str, Any]:
        """Only the picked methods."""
        return {"methods": self.cleaned_data["methods"]}

    def _details(self, choice: Method, data: Mapping[str, Any]) -> dict[str, str]:
        if not self.wants_details:
            return {}
        given = {
            field.name: data.get(f"{choice.code}-{field.name}", "") for field in choice.payee_fields
        }
        try:
            return clean_details(choice.code, "payee", given)
        except DetailsRefused as refused:
            for name, text in refused.errors.items():
                self.add_error(f"{choice.code}-{name}", text)
            return {}


class TakersForm(StepForm):
    """Who may take. Capped, or newcomers would meet an empty book."""

    min_done = forms.TypedChoiceField(choices=DONE_CHOICES, coerce=int)
    min_age_days = forms.TypedChoiceField(choices=AGE_CHOICES, coerce=int)


class TermsForm(StepForm):
    """The maker's words, who judges, and how long the offer stands."""

    terms_text = forms.CharField(required=False, max_length=400, strip=True)
    arbitrator = forms.CharField(max_length=42)
    expires_days = forms.TypedChoiceField(choices=EXPIRY_CHOICES, coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.listed = arbitrators()

    def clean_terms_text(self) -> str:
        """The words without hidden marks; lines are kept."""
        lines = self.cleaned_data["terms_text"].replace("\r\n", "\n").split("\n")
        try:
            return "\n".join(clean_text(one, longest=400) for one in lines).strip()
        except FieldRefused as refused:
            raise forms.ValidationError(str(refused)) from refused

    def clean_arbitrator(self) -> str:
        """One of the hub's list."""
        found = arbitrator(self.cleaned_data["arbitrator"])
        if found is None:
            raise forms.ValidationError("Pick an arbitrator from the list.")
        return found.address


class FilterForm(forms.Form):
    """The filters of a market page. What cannot be read is named and left out; the page still shows."""

    method = forms.CharField(required=False, max_length=40)
    sort = forms.CharField(required=False, max_length=12)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = AmountField(exponent=fiat_exponent(currency), required=False)
