"""The profile form."""

from __future__ import annotations

from django import forms

from marketplace.accounts.names import NAME_LENGTH, NameRefused, clean_name


class ProfileForm(forms.Form):
    """A display name; empty goes back to the address."""

    name = forms.CharField(required=False, max_length=NAME_LENGTH * 4, strip=True)

    def clean_name(self) -> str:
        """The name as it is shown."""
        try:
            return clean_name(self.cleaned_data["name"])
        except NameRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
