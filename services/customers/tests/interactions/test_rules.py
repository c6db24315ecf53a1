import pytest

from humidor_customers.interactions.rules import e164, opts_out


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("138 1234 5678", "+8613812345678"),
        ("+86-138-1234-5678", "+8613812345678"),
        ("8613812345678", "+8613812345678"),
        ("１３８１２３４５６７８", "+8613812345678"),
        ("0049 30 123456", "+4930123456"),
        ("+44 20 7946 0958", "+442079460958"),
        ("0571-8765432", None),
        ("12", None),
        ("+0123456789", None),
        ("", None),
    ],
)
def test_a_number_is_written_as_providers_want_it(written: str, number: str | None) -> None:
    assert e164(written) == number


@pytest.mark.parametrize("text", ["TD", "td.", "ＴＤ", " 退订 ", "T", "STOP!", "unsubscribe"])
def test_words_of_carriers_take_a_consent_back(text: str) -> None:
    assert opts_out(text)


@pytest.mark.parametrize("text", ["", "TD please call me", "退订吗？不", "today"])
def test_other_words_do_not(text: str) -> None:
    assert not opts_out(text)
