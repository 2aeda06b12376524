"""The price history: nothing is kept for nobody, and nothing is lost for anybody."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.market.price_history import PriceHistory


def kept(history: PriceHistory, after: int) -> list[int]:
    return [kept.number for kept in history.since(after)]


def test_while_nobody_asks_there_is_nothing_to_keep() -> None:
    """A quiet market costs no memory."""
    history = PriceHistory()
    assert not history
    history.ask(1, 5)
    assert history


def test_what_comes_after_a_question_is_there_with_its_number_price_and_times() -> None:
    """The answer to an arm is complete."""
    history = PriceHistory()
    history.ask(1, 5)
    history.keep(6, Decimal(100), 1_000, 11)
    history.keep(7, Decimal(101), 2_000, 12)
    assert list(history.since(6)) == [(7, Decimal(101), 2_000, 12)]
    assert kept(history, 5) == [6, 7]


def test_an_answer_says_from_where_the_question_was_open() -> None:
    """An arm that names no price goes on after the last one that was sent."""
    history = PriceHistory()
    history.ask(1, 5)
    assert history.answer(1) == 5
    assert history.answer(1) is None


def test_the_last_answer_frees_everything() -> None:
    """Kept prices go when nobody can ask for them any more."""
    history = PriceHistory()
    history.ask(1, 5)
    history.keep(6, Decimal(100), 1_000, 11)
    history.answer(1)
    history.trim()
    assert len(history) == 0


def test_prices_before_the_oldest_open_question_are_forgotten() -> None:
    """A slow position keeps what came after its question, not what came before."""
    history = PriceHistory()
    history.ask(1, 0)
    for number in range(1, 1001):
        history.keep(number, Decimal(number), number, number)
    history.ask(2, 900)
    history.answer(1)
    history.trim()
    assert len(history) == 100
    assert kept(history, 900) == list(range(901, 1001))


def test_an_open_question_stays_open_from_where_it_was() -> None:
    """A position has at most one, from the oldest price that it has not judged."""
    history = PriceHistory()
    history.ask(1, 5)
    history.ask(1, 8)
    assert 1 in history
    assert history.asked_at(1) == history.answer(1) == 5
    assert 1 not in history
    assert history.asked_at(1) is None
    assert not history


asks = st.tuples(st.just("ask"), st.integers(1, 4))
answers = st.tuples(st.just("answer"), st.integers(1, 4))
prices = st.tuples(st.just("price"), st.integers(1, 400))


@given(st.lists(st.one_of(asks, answers, prices), max_size=40))
def test_every_open_question_sees_all_prices_after_it(script: list[tuple[str, int]]) -> None:
    """However questions, answers and runs of prices mix, `since` is what a full record has."""
    history = PriceHistory()
    open_from: dict[int, int] = {}
    number = 0
    for what, value in script:
        if what == "ask":
            history.ask(value, number)
            open_from.setdefault(value, number)
        elif what == "answer":
            assert history.answer(value) == open_from.pop(value, None)
            history.trim()
        else:
            for _ in range(value):
                number += 1
                if history:
                    history.keep(number, Decimal(number), number, number)
        for after in open_from.values():
            assert kept(history, after) == list(range(after + 1, number + 1))
