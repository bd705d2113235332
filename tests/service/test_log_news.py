from __future__ import annotations

from hunt.service.log_news import LogNews


def test_growth_of_a_log_wakes_its_readers_once() -> None:
    news = LogNews()
    harbour, river = news.next("harbour"), news.next("river")
    assert news.next("harbour") is harbour, "all readers of a log wait for one event"
    news.advanced("harbour")
    news.advanced("lake")  # has no readers
    assert (harbour.is_set(), river.is_set()) == (True, False)
    assert not news.next("harbour").is_set(), "for the next row"


def test_end_wakes_all_readers_now_and_later() -> None:
    news = LogNews()
    events = [news.next("harbour"), news.next("river")]
    assert not news.ended
    news.end()
    assert news.ended
    events += [news.next("harbour"), news.next("lake")]
    assert all(each.is_set() for each in events)
