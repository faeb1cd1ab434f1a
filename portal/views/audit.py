"""The audit log, for owners."""

from django.http import Http404, HttpResponse
from django.shortcuts import render

from accounts.queries import audit_entries
from portal.access import PortalRequest, owner

_PAGE = 50
_MAX_ID_DIGITS = 18  # digits: a bigint has these in any case


@owner
def index(request: PortalRequest) -> HttpResponse:
    """The newest entries, or those before the one that ``before`` names."""
    before = request.GET.get("before")
    if before is not None and (
        not before.isascii() or not before.isdigit() or len(before) > _MAX_ID_DIGITS
    ):
        raise Http404
    page = audit_entries(
        account_id=request.account.pk, before=int(before) if before else None, limit=_PAGE + 1
    )
    return render(
        request, "portal/audit.html", {"entries": page[:_PAGE], "more": len(page) > _PAGE}
    )
