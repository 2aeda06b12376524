"""A database's address is shown without its secrets, wherever it is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.addresses import masked
from persistence.engines import parsed


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///backstay.db", "sqlite:///backstay.db"),
        ("sqlite:////a/b@c:d.db?mode=ro", "sqlite:////a/b@c:d.db?mode=ro"),
        ("postgresql://me@db/x", "postgresql://me@db/x"),
        ("postgresql://[::1]:5432/x", "postgresql://[::1]:5432/x"),
        ("postgresql://me:p@ss@db:5432/x", "postgresql://me:***@db:5432/x"),
        ("postgresql://me:p/s?s@db/x", "postgresql://me:***@db/x"),
        ("postgresql://me:secret/x", "postgresql://me:***/x"),
        ("postgresql://db/x?password=a@b", "postgresql://db/x?password=***"),
        (
            "postgresql://me@db/x?sslmode=require&sslpassword=p&passfile=/f&pass%77ord=p",
            "postgresql://me@db/x?sslmode=require&sslpassword=***&passfile=***&pass%77ord=***",
        ),
        ("host=db password=secret", "***"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    """Everything else stays readable."""
    assert masked(url) == shown


@given(
    before=st.text("ab:/?&=@#%", max_size=5),
    after=st.text("ab:/?&=@#%", max_size=5),
    form=st.sampled_from(
        [
            "postgresql://me:{}@db/x",
            "postgresql://me:{}@db/x?sslmode=require",
            "postgresql+psycopg2://me@db/x?password={}",
            "postgresql://db/x?sslmode=require&sslpassword={}",
        ]
    ),
)
def test_no_sign_in_a_password_lets_a_part_of_it_be_seen(
    before: str, after: str, form: str
) -> None:
    """It holds whether or not the sign was escaped as it should be."""
    secret = "HUNTER"
    assert secret not in masked(form.format(before + secret + after))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:p@HUNTER@db/x",
        "postgresql://me:HUNTER",
        "postgresql://db?password=a@HUNTER",
        "mysql://me:HUNTER@db/x",
        "HUNTER",
    ],
)
def test_a_refused_address_shows_no_secret_either(url: str) -> None:
    """What cannot be read is where a password is most easily taken for something else."""
    with pytest.raises(ValueError, match="refused: give sqlite:///FILE") as refused:
        parsed(url)
    assert "HUNTER" not in str(refused.value)
    assert refused.value.__cause__ is None
