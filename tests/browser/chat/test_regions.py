"""Parts of a page keep themselves in step: a hint re-fetches them, and nothing else on the page moves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from realtime import topics
from realtime.hints import publish
from tests.browser.chat import urls
from tests.plugin.browser import Visit

pytestmark = [pytest.mark.urls("tests.browser.chat.urls"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(visit: Visit) -> Iterator[Page]:
    topics.register("boat", lambda user, key: True)
    urls.regions_drawn = 1
    opened = visit(path="/only-regions/").page
    expect(opened.locator("#named")).to_have_text("1")
    # A follower looks once more when its subscription stands; the counts below start after that.
    opened.wait_for_timeout(1500)
    yield opened
    del topics._kinds["boat"]


@pytest.mark.parametrize(
    ("topic", "place"), [("boat:a", "#named"), ("boat:b", "#own p"), ("boat:c", "#asking p")]
)
def test_hint_draws_its_own_part_again(page: Page, topic: str, place: str) -> None:
    urls.regions_drawn = 2
    publish(topic, 1)
    expect(page.locator(place)).to_have_text("2")
    others = {"#named", "#own p", "#asking p"} - {place}
    assert [page.locator(other).inner_text() for other in others] == ["1", "1"]


def test_part_under_the_pointer_or_the_focus_waits(page: Page) -> None:
    page.locator("#typed").fill("half a wo")
    urls.regions_drawn = 2
    publish("boat:b", 1)
    page.wait_for_timeout(500)
    assert page.locator("#own p").inner_text() == "1"
    page.locator("#typed").blur()
    expect(page.locator("#own p")).to_have_text("2")


def test_many_hints_cost_few_fetches(page: Page) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    for seq in range(100):
        publish("boat:a", seq)
    page.wait_for_timeout(1000)
    assert 1 <= len(fetched) <= 4
