"""The trigger book against the plain question to every position."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from actors.market.trigger_book import TriggerBook
from trading.positions.judging import Triggers


def between(low: int | None, high: int | None) -> Triggers:
    return Triggers(
        low=None if low is None else Decimal(low), high=None if high is None else Decimal(high)
    )


def test_an_empty_book_is_reached_by_no_price() -> None:
    """Without positions every price is quiet."""
    book = TriggerBook()
    assert (book.low, book.high) == (Decimal("-Infinity"), Decimal("Infinity"))
    assert book.take_reached(Decimal(1), 0) == []


def test_a_price_exactly_at_a_trigger_has_reached_it() -> None:
    """Both bounds belong to their side."""
    book = TriggerBook()
    book.arm(1, between(95, 103))
    book.arm(2, between(103, 120))
    assert book.take_reached(Decimal(103), 0) == [1, 2]


def test_a_reached_position_is_out_until_it_arms_again() -> None:
    """Nobody is told a second price before they have answered the first."""
    book = TriggerBook()
    book.arm(1, between(95, 103))
    assert book.take_reached(Decimal(104), 0) == [1]
    assert 1 not in book
    assert book.take_reached(Decimal(90), 0) == []
    book.arm(1, between(100, 106))
    assert book.take_reached(Decimal(99), 0) == [1]


def test_the_reached_come_in_ascending_order() -> None:
    """The order of a replay is that of the ids, not that of the levels."""
    book = TriggerBook()
    for position_id, high in ((3, 101), (1, 103), (2, 102)):
        book.arm(position_id, between(90, high))
    assert book.take_reached(Decimal(103), 0) == [1, 2, 3]


def test_arming_anew_replaces_the_triggers() -> None:
    """Former triggers do not fire, in whichever heap they still lie."""
    book = TriggerBook()
    book.arm(1, between(95, 103))
    book.arm(1, between(100, 106))
    assert len(book) == 1
    assert (book.low, book.high) == (Decimal(100), Decimal(106))
    assert book.take_reached(Decimal(103), 0) == []


def test_a_disarmed_position_is_not_reached() -> None:
    """Disarming counts, and doing it twice does nothing."""
    book = TriggerBook()
    book.arm(1, between(95, 103))
    book.disarm(1)
    book.disarm(1)
    assert book.take_reached(Decimal(200), 0) == []
    assert len(book) == 0


def test_a_ladder_without_rungs_left_waits_for_its_stop_only() -> None:
    """None means that nothing waits on that side."""
    book = TriggerBook()
    book.arm(1, between(95, None))
    assert book.take_reached(Decimal(10**9), 0) == []
    assert book.take_reached(Decimal(95), 0) == [1]


def test_arming_over_and_over_does_not_fill_the_book() -> None:
    """Stale entries are swept: the book's size follows the positions, not their history."""
    book = TriggerBook()
    book.arm(1, between(1, 1000))
    for step in range(10_000):
        book.arm(2, between(50 - step % 7, 900 + step % 7))
    assert len(book._lows) < 2_000
    assert len(book._highs) < 2_000
    assert book.take_reached(Decimal(2000), 0) == [1, 2]


ids = st.integers(1, 6)
levels = st.integers(1, 20)
steps = st.one_of(
    st.tuples(st.just("arm"), ids, st.none() | levels, st.none() | levels),
    st.tuples(st.just("disarm"), ids),
    st.tuples(st.just("price"), levels),
)


@given(st.lists(steps, max_size=60))
def test_the_book_tells_whom_a_question_to_everybody_would_find(
    script: list[tuple[str, int] | tuple[str, int, int | None, int | None]],
) -> None:
    """Arms, disarms and prices in any order: the same positions, and bounds that say so."""
    book = TriggerBook()
    armed: dict[int, Triggers] = {}
    for step in script:
        match step:
            case ("arm", position_id, low, high):
                armed[position_id] = between(low, high)
                book.arm(position_id, armed[position_id])
            case ("disarm", position_id):
                armed.pop(position_id, None)
                book.disarm(position_id)
            case (_, level):
                price = Decimal(level)
                expected = sorted(i for i, waits in armed.items() if waits.reached_by(price, 0))
                assert (price <= book.low or price >= book.high) == bool(expected)
                assert book.take_reached(price, 0) == expected
                for position_id in expected:
                    del armed[position_id]
        assert len(book) == len(armed)


def test_a_position_that_arms_again_and_again_is_reached_by_its_last_triggers() -> None:
    """What its former ones left behind is swept away, and nothing of what is armed with it."""
    book = TriggerBook()
    book.arm(11, between(95, 103))
    for distance in range(3_000):
        book.arm(22, between(90 - distance, 110 + distance))
    assert book.take_reached(Decimal(102), 0) == []
    assert book.take_reached(Decimal(3_108), 0) == [11]
    assert book.take_reached(Decimal(3_109), 0) == [22]
