"""Who may ask what: one row per address and method, one expected answer per person. A route without a row fails the suite.

People: nobody signed in; Carol, a stranger; Bob, the buyer and Alice, the seller of a trade in review; Max, the maker of
an offer the others have nothing to do with; Dana, the arbitrator whom the trade names; a moderator; an operator.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CONNECT = "connect"  # sent to the sign-in page
IN = "in"  # past the door: whatever the page says about the act itself
LOGIN = "login"  # the back office sends to its own door, which sends to the wallet

ANONYMOUS = "anonymous"
SIGNED_IN = ("stranger", "buyer", "seller", "maker", "arbitrator", "moderator", "operator")
PEOPLE = (ANONYMOUS, *SIGNED_IN)
PARTIES = ("buyer", "seller")

Answer = int | str | tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One address with one method. `values` fill the route's arguments; `json` says how a post is sent."""

    method: str
    route: str
    answers: dict[str, Answer]
    values: dict[str, str] = field(default_factory=dict)
    json: bool = False

    @property
    def name(self) -> str:
        return f"{self.method} /{self.route}"


def everybody(answer: Answer) -> dict[str, Answer]:
    """Open to all, signed in or not."""
    return dict.fromkeys(PEOPLE, answer)


def signed_in(answer: Answer, anonymous: Answer = CONNECT) -> dict[str, Answer]:
    """Open to everybody who signed in."""
    return {ANONYMOUS: anonymous, **dict.fromkeys(SIGNED_IN, answer)}


def only(*people: str, answer: Answer = 200, anonymous: Answer = CONNECT) -> dict[str, Answer]:
    """Open to these; to everybody else the page does not exist."""
    return {ANONYMOUS: anonymous, **dict.fromkeys(SIGNED_IN, 404), **dict.fromkeys(people, answer)}


def get(route: str, answers: dict[str, Answer], **values: str) -> Row:
    return Row("GET", route, answers, values)


def post(route: str, answers: dict[str, Answer], **values: str) -> Row:
    return Row("POST", route, answers, values)


def post_json(route: str, answers: dict[str, Answer], **values: str) -> Row:
    return Row("POST", route, answers, values, json=True)


TRADE = "trade/<str:ref>/"
CASE = "desk/case/<str:ref>/"
RULING = CASE + "ruling/<int:number>/"
OFFER = "offers/<slug:public_id>/"
ARBITRATOR = only("arbitrator", answer=IN, anonymous=404)
MODERATOR = only("moderator", answer=IN, anonymous=404)

ROWS: tuple[Row, ...] = (
    # --- pages for everybody ---
    get("", everybody(200)),
    get("guide/", everybody(200)),
    # Checks a file in the page; the server only sends the page.
    get("verify/", everybody(200)),
    get("safety/", everybody(200)),
    get("fees/", everybody(200)),
    get("glossary/", everybody(200)),
    get("robots.txt", everybody(200)),
    # Anybody may bring a signed step to the contract; an empty one is refused.
    get("submit/", everybody(200)),
    post("submit/", everybody(400)),
    get("healthz", everybody((200, 503))),
    get("readyz", everybody((200, 503))),
    get("status/", everybody(200)),
    # On the devnet of the tests; test_metrics.py walks the doors of other hubs.
    get("metrics", everybody(200)),
    post_json("csp/", everybody(IN)),
    get("market/", everybody(IN)),
    get(
        "market/<slug:side>/<slug:asset>/<slug:currency>/",
        everybody(200),
        side="buy",
        asset="USDC",
        currency="EUR",
    ),
    get("o/<slug:public_id>/", everybody(200)),
    get("u/<str:address>/", everybody(200)),
    # --- signing in and out ---
    get("connect/", everybody(IN)),
    post_json("connect/challenge/", everybody(IN)),
    post_json("connect/verify/", everybody(IN)),
    post("connect/leave/", everybody(IN)),
    # --- one's own ---
    get("settings/profile/", signed_in(200)),
    post("settings/profile/", signed_in(IN)),
    get("inbox/", signed_in(200)),
    post("inbox/read/", signed_in(IN)),
    get("settings/notifications/", signed_in(200)),
    get("settings/notifications/region/", signed_in(200)),
    post("settings/notifications/mail/", signed_in(IN)),
    post_json("settings/notifications/push/", signed_in(IN, anonymous=401)),
    # Nobody here has a channel; another's looks like none.
    post("settings/notifications/<int:pk>/test/", signed_in(404)),
    post("settings/notifications/<int:pk>/remove/", signed_in(404)),
    # The word in the link is the right; this one was never signed.
    get("notices/arrived/<str:token>/", everybody(404), token="x"),
    post("notices/arrived/<str:token>/", everybody(404), token="x"),
    get("notices/stop/<str:token>/", everybody(404), token="x"),
    post("notices/stop/<str:token>/", everybody(404), token="x"),
    get("sw.js", everybody(200)),
    get("manifest.webmanifest", everybody(200)),
    get("trades/", signed_in(200)),
    get("wallet/", signed_in(200)),
    post_json("wallet/withdraw/", signed_in(IN, anonymous=403)),
    get("wallet/signed/<int:pk>.json", signed_in(404)),
    get("wallet/signed/<int:pk>/", signed_in(404)),
    # --- one's own offers; another's look like none ---
    get("offers/", signed_in(200)),
    get("offers/new/", signed_in(IN)),
    get("offers/new/<slug:step>/", signed_in(IN), step="side"),
    post("offers/new/<slug:step>/", signed_in(IN), step="side"),
    # Nobody here has an offer half written.
    get("offers/new/price/preview/", signed_in(404)),
    post("offers/new/drop/", signed_in(IN)),
    post_json(OFFER + "publish/", only("maker", answer=IN)),
    post(OFFER + "pause/", only("maker", answer=IN)),
    post(OFFER + "resume/", only("maker", answer=IN)),
    post(OFFER + "close/", only("maker", answer=IN)),
    post(OFFER + "duplicate/", only("maker", answer=IN)),
    get(OFFER + "edit/", only("maker", answer=IN)),
    get(OFFER + "edit/<slug:step>/", only("maker", answer=IN), step="price"),
    post(OFFER + "edit/<slug:step>/", only("maker", answer=IN), step="price"),
    get(OFFER + "edit/price/preview/", only("maker", answer=IN)),
    post_json("o/<str:public_id>/take/", signed_in(IN, anonymous=401)),
    # --- a trade: its two parties and nobody else, staff included ---
    get(TRADE, only(*PARTIES)),
    get(TRADE + "region/", only(*PARTIES)),
    get(TRADE + "sheet/", only(*PARTIES)),
    get(TRADE + "chat/", only(*PARTIES)),
    get(TRADE + "deadlines.ics", only(*PARTIES)),
    post_json(TRADE + "take/", only(*PARTIES, answer=IN, anonymous=401)),
    post_json(TRADE + "payer/", only(*PARTIES, answer=IN, anonymous=401)),
    post_json(TRADE + "signed/", only(*PARTIES, answer=IN, anonymous=401)),
    get(TRADE + "signed/<int:pk>.json", signed_in(404)),
    get(TRADE + "signed/<int:pk>/", signed_in(404)),
    post_json(TRADE + "submissions/", only(*PARTIES, answer=IN, anonymous=401)),
    post(TRADE + "report/", only(*PARTIES, answer=IN)),
    post(TRADE + "decline/", only(*PARTIES, answer=IN)),
    post(TRADE + "propose/", only(*PARTIES, answer=IN)),
    post(TRADE + "proposals/<int:number>/accept/", only(*PARTIES, answer=IN)),
    post(TRADE + "proposals/<int:number>/decline/", only(*PARTIES, answer=IN)),
    post(TRADE + "ready/", only(*PARTIES, answer=IN)),
    post(TRADE + "here/", only(*PARTIES, answer=IN)),
    post(TRADE + "more-time/", only(*PARTIES, answer=IN)),
    post_json(TRADE + "settle/", only(*PARTIES, answer=IN, anonymous=401)),
    post_json(TRADE + "settle/<int:number>/accept/", only(*PARTIES, answer=IN, anonymous=401)),
    post(TRADE + "settle/<int:number>/decline/", only(*PARTIES, answer=IN)),
    # --- its dispute ---
    get(TRADE + "dispute/", only(*PARTIES)),
    post(TRADE + "dispute/", only(*PARTIES, answer=IN)),
    get(TRADE + "dispute/review/", only(*PARTIES, answer=IN)),
    get(TRADE + "dispute/panel/", only(*PARTIES)),
    post(TRADE + "dispute/statements/", only(*PARTIES, answer=IN)),
    get(TRADE + "dispute/messages/", only(*PARTIES)),
    # --- its chat ---
    get("rooms/<slug:key>/entries/", only(*PARTIES, anonymous=401)),
    post_json("rooms/<slug:key>/entries/", only(*PARTIES, answer=IN, anonymous=401)),
    # Without a device that the wallet signed for there is no stock.
    get("chat/stock/", signed_in(400, anonymous=401)),
    post_json("chat/stock/", signed_in(400, anonymous=401)),
    get(".well-known/parley-receipt-key", everybody(200)),
    post_json("rooms/<slug:key>/marks/", only(*PARTIES, answer=IN, anonymous=401)),
    post_json("rooms/<slug:key>/files/", only(*PARTIES, answer=IN, anonymous=401)),
    get("rooms/<slug:key>/files/<uuid:name>/", everybody(404)),
    # --- the desk: arbitrators work on cases, moderators on people, operators read the log ---
    get("desk/", only("arbitrator", "moderator", "operator", anonymous=404)),
    get("desk/queue/", only("arbitrator", anonymous=404)),
    post("desk/next/", ARBITRATOR),
    get(CASE, only("arbitrator", anonymous=404)),
    get(CASE + "conversation/", only("arbitrator", anonymous=404)),
    post(CASE + "claim/", ARBITRATOR),
    post(CASE + "read/", ARBITRATOR),
    post(CASE + "ask/", ARBITRATOR),
    post(CASE + "give/", ARBITRATOR),
    post(CASE + "note/", ARBITRATOR),
    post(CASE + "ruling/", ARBITRATOR),
    get(RULING, only("arbitrator", anonymous=404)),
    get(RULING + "sheet/", only("arbitrator", anonymous=404)),
    post_json(RULING + "signed/", ARBITRATOR),
    post_json(RULING + "submissions/", ARBITRATOR),
    get("desk/users/", only("arbitrator", "moderator", anonymous=404)),
    get("desk/users/<str:address>/", only("arbitrator", "moderator", anonymous=404)),
    post(
        "desk/users/<str:address>/note/", only("arbitrator", "moderator", answer=IN, anonymous=404)
    ),
    post("desk/users/<str:address>/suspend/", MODERATOR),
    post("desk/users/<str:address>/lift/", MODERATOR),
    post("desk/offers/<str:public_id>/pause/", MODERATOR),
    post("desk/offers/<str:public_id>/free/", MODERATOR),
    get("desk/audit/", only("moderator", "operator", anonymous=404)),
    # --- practice, on a devnet only ---
    post_json("practice/rpc/", everybody(IN)),
    post_json("practice/faucet/", everybody(IN)),
    get("practice/cast/", everybody(200)),
    get("practice/match/", everybody((302, 503))),
    get("practice/bank/", signed_in(200)),
    get("practice/bank/pay/<str:ref>/", only(*PARTIES)),
    post("practice/bank/pay/<str:ref>/", only(*PARTIES, answer=IN)),
    post("practice/bank/return/<int:number>/", signed_in(404)),
    get("practice/room/<str:ref>/", only(*PARTIES)),
    post("practice/room/<str:ref>/behave/", only(*PARTIES, answer=IN)),
    post("practice/room/<str:ref>/forward/", only(*PARTIES, answer=IN)),
)

# The back office is one row for all its tables: operators, and nobody else.
OPS = "ops/"
OPS_ANSWERS: dict[str, Answer] = {**dict.fromkeys(PEOPLE, LOGIN), "operator": IN}
# Its own door and way out, which anybody may knock at.
OPS_DOORS = ("ops/login/", "ops/logout/")

# Takes reports of browsers, which carry no token and change nothing that anybody reads; and what mail programs and
# the service worker post, for which a signed word in the address is the right.
WITHOUT_TOKEN = {"csp/", "notices/arrived/<str:token>/", "notices/stop/<str:token>/"}
# Shows the building blocks of the pages; served in debugging only.
IN_DEBUG_ONLY = {"dev/ui/"}
