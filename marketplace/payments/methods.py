"""The entries of the catalogue. Data only; the words are ours, the facts are reviewed by the owner named in each."""

from __future__ import annotations

from datetime import date
from typing import Any

from marketplace.payments import fields as f
from marketplace.payments.fields import Field
from marketplace.payments.record import DAY, PAY_MARGIN_SECONDS, Method

REVIEWED = date(2026, 11, 20)
OWNER = "payments desk"

INSTANT_PAY = 30 * 60 + PAY_MARGIN_SECONDS
DAY_PAY = DAY + PAY_MARGIN_SECONDS
INSTANT_RELEASE = 3 * DAY
BANK_RELEASE = 7 * DAY

NAME = Field(
    "name",
    "Name on the account",
    f.person_name,
    "Exactly as the bank writes it.",
    autocomplete="name",
)
PAYER = Field(
    "name",
    "Name on the account you pay from",
    f.person_name,
    "Signed into the trade in sealed form; the seller compares the sender with it.",
    autocomplete="name",
)
PHONE = Field(
    "phone", "Phone number", f.phone, "With country code.", autocomplete="tel", inputmode="tel"
)
IBAN = Field("iban", "IBAN", f.sepa_iban, "Spaces do not matter.")
BANK = Field("bank", "Bank", f.line, "The bank's usual name.")
EMAIL = Field(
    "email", "E-mail address of the account", f.email, autocomplete="email", inputmode="email"
)

REFERENCE_ONLY = (
    "Write only the reference shown in the room. Words about coins get payments stopped."
)
OWN_NAME = "Pay only from an account in your own name; a payment from another name is sent back."
STATEMENT = "The line in the seller's own account: sender's name, amount, reference. A picture proves nothing."


def _entry(
    code: str, name: str, category: str, currencies: str, payee: tuple[Field, ...], **rest: Any
) -> Method:
    defaults: dict[str, Any] = {
        "payer_fields": (PAYER,),
        "pay_seconds": INSTANT_PAY,
        "release_seconds": INSTANT_RELEASE,
        "arrives": "within a minute",
        "risk": "R1",
        "risk_reason": "Recalls need the payee's consent.",
        "warnings": (OWN_NAME,),
        "proof": STATEMENT,
        "reference_advice": REFERENCE_ONLY,
        "owner": OWNER,
        "reviewed_on": REVIEWED,
    }
    return Method(code, name, category, tuple(currencies.split()), payee, **{**defaults, **rest})


ALL_METHODS: tuple[Method, ...] = (
    _entry(
        "sepa-instant",
        "SEPA Instant",
        "instant bank",
        "EUR",
        (NAME, IBAN),
        arrives="in 10 seconds, at any hour",
        warnings=(
            OWN_NAME,
            "Choose “instant” in your bank; an ordinary transfer takes a day and may miss the time.",
        ),
    ),
    _entry(
        "sepa",
        "SEPA",
        "bank",
        "EUR",
        (NAME, IBAN),
        pay_seconds=DAY_PAY,
        release_seconds=BANK_RELEASE,
        arrives="the next working day, later over a weekend",
        risk="R2",
        risk_reason="The payer's bank may ask for a recall within 13 months when fraud is claimed.",
        warnings=(
            OWN_NAME,
            "Sent on a Friday it arrives on Monday or Tuesday; hold the coins, do not hurry.",
        ),
    ),
    _entry(
        "faster-payments",
        "Faster Payments",
        "instant bank",
        "GBP",
        (
            NAME,
            Field("sort_code", "Sort code", f.sort_code, inputmode="numeric"),
            Field("account", "Account number", f.digits_of(8), inputmode="numeric"),
        ),
        arrives="usually within a minute, at most two hours",
        risk="R2",
        risk_reason="Banks refund victims of push-payment fraud and ask the receiving bank for half.",
        warnings=(
            OWN_NAME,
            "Your bank may ask why you pay; answer truthfully. It may hold a first payment to a new payee.",
        ),
    ),
    _entry(
        "revolut",
        "Revolut",
        "wallet",
        "EUR GBP USD PLN CHF",
        (NAME, Field("handle", "Revtag", f.handle, "Like @martak.")),
        arrives="in seconds, inside Revolut",
        risk="R3",
        risk_reason="Revolut can freeze or reverse transfers between its users.",
        warnings=(
            OWN_NAME,
            "Only from Revolut to Revolut; a card top-up behind it raises the risk.",
        ),
    ),
    _entry(
        "wise",
        "Wise",
        "wallet",
        "EUR GBP USD PLN CHF BRL INR",
        (NAME, EMAIL),
        pay_seconds=DAY_PAY,
        release_seconds=BANK_RELEASE,
        arrives="in seconds between Wise accounts, else one or two days",
        risk="R3",
        risk_reason="Wise forbids trading in its terms of some countries and can reverse.",
        warnings=(OWN_NAME, "Wise may ask both sides for papers before it lets the money go on."),
    ),
    _entry(
        "paypal",
        "PayPal",
        "wallet",
        "USD EUR GBP MXN",
        (NAME, EMAIL),
        risk="R4",
        risk_reason="The payer can open a dispute for 180 days, and sellers of coins lose nearly all of them.",
        warnings=(
            "Anybody who pays by PayPal can take the money back for 180 days. Trade only with people you know.",
            OWN_NAME,
        ),
        proof="The balance in the seller's own PayPal account; a mail from PayPal proves nothing.",
    ),
    _entry(
        "zelle",
        "Zelle",
        "instant bank",
        "USD",
        (
            NAME,
            Field(
                "contact",
                "E-mail or US phone number",
                f.email_or_phone,
                "The one enrolled with Zelle.",
            ),
        ),
        arrives="in minutes",
        risk="R2",
        risk_reason="Banks refund victims of impostor fraud and debit the payee.",
        warnings=(OWN_NAME, "Daily limits of 500 to 3,500 USD are usual."),
    ),
    _entry(
        "us-bank",
        "US bank transfer (ACH)",
        "bank",
        "USD",
        (
            NAME,
            Field("routing", "Routing number", f.digits_of(9), inputmode="numeric"),
            Field("account", "Account number", f.account_number),
            BANK,
        ),
        pay_seconds=3 * DAY + PAY_MARGIN_SECONDS,
        release_seconds=10 * DAY,
        arrives="in one to three working days",
        risk="R2",
        risk_reason="An ACH credit can be returned for errors within five working days.",
        warnings=(OWN_NAME, "Wait until the money is booked, not “pending”."),
    ),
    _entry(
        "interac",
        "Interac e-Transfer",
        "instant bank",
        "CAD",
        (NAME, EMAIL),
        arrives="in minutes with autodeposit, else when accepted",
        risk="R2",
        risk_reason="Reversals happen when the sender's account was broken into.",
        warnings=(OWN_NAME, "Turn autodeposit on, so that nobody else can answer the question."),
    ),
    _entry(
        "pix",
        "PIX",
        "instant bank",
        "BRL",
        (NAME, Field("key", "PIX key", f.pix_key, "CPF, phone, e-mail or random key.")),
        arrives="in seconds, at any hour",
        risk="R2",
        risk_reason="The central bank's return mechanism can take money back for 80 days when fraud is shown.",
    ),
    _entry(
        "spei",
        "SPEI",
        "instant bank",
        "MXN",
        (NAME, Field("clabe", "CLABE", f.clabe, "18 digits.", inputmode="numeric"), BANK),
        arrives="in seconds",
        proof="The line in the seller's own account; Banxico's CEP proves that it was sent, not who sent it.",
    ),
    _entry(
        "oxxo",
        "OXXO cash deposit",
        "cash",
        "MXN",
        (
            NAME,
            Field("card", "Card number for the deposit", f.digits_of(16), inputmode="numeric"),
            BANK,
        ),
        pay_seconds=DAY_PAY,
        release_seconds=4 * DAY,
        arrives="within an hour, at most a day",
        risk="R0",
        risk_reason="Cash paid in is final; the name of the payer is not shown.",
        warnings=(
            "The payee does not see who paid. Keep the till receipt until the trade is over.",
        ),
        proof="The line in the seller's account with the time and shop of the till receipt.",
    ),
    _entry(
        "upi",
        "UPI",
        "instant bank",
        "INR",
        (NAME, Field("upi", "UPI ID", f.upi_id, "Like name@bank.")),
        arrives="in seconds",
        risk="R2",
        risk_reason="Police may freeze receiving accounts when the sender's money is disputed.",
        warnings=(
            OWN_NAME,
            "Accounts that receive from many strangers get frozen; keep amounts small.",
        ),
    ),
    _entry(
        "imps",
        "IMPS",
        "instant bank",
        "INR",
        (
            NAME,
            Field("account", "Account number", f.account_number),
            Field("ifsc", "IFSC code", f.ifsc),
            BANK,
        ),
        arrives="in seconds",
        risk="R2",
        risk_reason="Police may freeze receiving accounts when the sender's money is disputed.",
    ),
    _entry(
        "ng-bank",
        "Bank transfer in Nigeria (NIP)",
        "instant bank",
        "NGN",
        (
            NAME,
            BANK,
            Field("account", "Account number (NUBAN)", f.digits_of(10), inputmode="numeric"),
        ),
        arrives="usually within minutes",
        risk="R2",
        risk_reason="Banks put a lien on receiving accounts when the sender reports fraud.",
        warnings=(
            OWN_NAME,
            "A text message about a credit is easily faked; look into the account itself.",
        ),
    ),
    _entry(
        "m-pesa",
        "M-Pesa",
        "mobile money",
        "KES TZS",
        (NAME, PHONE),
        arrives="in seconds",
        risk="R3",
        risk_reason="The sender can ask for a reversal, which is granted while the money is unspent.",
        warnings=(
            OWN_NAME,
            "Open the M-Pesa app yourself: messages that look like M-Pesa are easily faked.",
        ),
        proof="The statement in the seller's own M-Pesa app with the sender's name and code.",
    ),
    _entry(
        "mtn-momo",
        "MTN MoMo",
        "mobile money",
        "GHS UGX XOF",
        (NAME, PHONE),
        arrives="in seconds",
        risk="R3",
        risk_reason="Support may reverse a payment reported within hours.",
        proof="The statement in the seller's own MoMo app.",
    ),
    _entry(
        "blik",
        "BLIK to phone",
        "instant bank",
        "PLN",
        (NAME, PHONE),
        arrives="in seconds",
        warnings=(OWN_NAME, "Only “to phone”; never give anybody a BLIK code."),
    ),
    _entry(
        "pl-bank",
        "Polish bank transfer (Elixir)",
        "bank",
        "PLN",
        (NAME, IBAN),
        pay_seconds=DAY_PAY,
        release_seconds=BANK_RELEASE,
        arrives="the same or the next working day",
        risk="R2",
        risk_reason="A recall needs the payee's consent, a fraud claim does not.",
    ),
    _entry(
        "twint",
        "TWINT",
        "wallet",
        "CHF",
        (NAME, PHONE),
        arrives="in seconds",
        risk="R2",
        risk_reason="The issuing bank may ask for the money back when fraud is claimed.",
    ),
    _entry(
        "swish",
        "Swish",
        "instant bank",
        "SEK",
        (NAME, PHONE),
        arrives="in seconds",
        warnings=(
            OWN_NAME,
            "Scan or type the number yourself; never pay a request you did not expect.",
        ),
    ),
    _entry("vipps", "Vipps MobilePay", "wallet", "NOK DKK", (NAME, PHONE), arrives="in seconds"),
    _entry(
        "payid",
        "PayID",
        "instant bank",
        "AUD",
        (NAME, Field("payid", "PayID: e-mail or phone", f.email_or_phone)),
        arrives="in seconds, a first payment up to 24 h",
        warnings=(
            OWN_NAME,
            "Many banks hold the first payment to a new payee for a day: ask for more time early.",
        ),
    ),
    _entry(
        "jp-bank",
        "Japanese bank transfer (Furikomi)",
        "bank",
        "JPY",
        (
            Field("name", "Account holder in katakana", f.person_name),
            BANK,
            Field("branch", "Branch name or number", f.line),
            Field("account", "Account number", f.digits_of(7), inputmode="numeric"),
        ),
        pay_seconds=DAY_PAY,
        release_seconds=BANK_RELEASE,
        arrives="the same or the next working day",
        risk="R2",
        risk_reason="Accounts are frozen quickly when a sender reports fraud.",
    ),
    _entry(
        "cash-by-mail",
        "Cash by mail",
        "cash",
        "EUR USD GBP CHF CAD AUD",
        (
            NAME,
            Field("street", "Street and number", f.line, autocomplete="street-address"),
            Field("city", "Postcode and city", f.line),
            Field("country", "Country", f.line, autocomplete="country-name"),
        ),
        pay_seconds=14 * DAY,
        release_seconds=30 * DAY,
        arrives="in three to ten days",
        risk="R0",
        risk_reason="Cash is final, but nobody can prove what was in the envelope.",
        warnings=("Send it tracked and insured, film the packing; film the opening.",),
        proof="The tracking number and an unbroken film of packing or opening.",
        reference_advice="Put a slip with the reference inside.",
    ),
)
