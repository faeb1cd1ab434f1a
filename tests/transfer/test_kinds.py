"""Every kind of object that is known anywhere is known everywhere."""

import pytest

from accounts.models import Account
from portal.views.rejections import _URLS
from rejections.models import Rejection
from transfer.kinds import NAMES, kind_of


@pytest.mark.parametrize("kind", Rejection.Kind)
def test_a_kind_that_can_be_refused_can_be_sent_again_imported_and_exported(
    acme: Account, kind: Rejection.Kind
) -> None:
    assert kind_of(kind).everything(acme.pk).definition.columns
    assert kind in NAMES.values()
    assert kind in _URLS


def test_an_unknown_kind_is_nothing_else() -> None:
    with pytest.raises(ValueError, match="invoice"):
        kind_of("invoice")
