"""The audit log, for owners."""

from django.http import Http404, HttpResponse
from django.shortcuts import render

from accounts.models import AuditEntry
from portal.access import PortalRequest, owner

_PAGE = 50


@owner
def index(request: PortalRequest) -> HttpResponse:
    """The newest entries, or those before the one that ``before`` names."""
    entries = AuditEntry.objects.filter(account=request.account).order_by("-id")
    before = request.GET.get("before")
    if before is not None:
        if not before.isascii() or not before.isdigit() or len(before) > 18:  # noqa: PLR2004  a bigint
            raise Http404
        entries = entries.filter(id__lt=int(before))
    page = list(entries[: _PAGE + 1])
    return render(request, "portal/audit.html", {"entries": page[:_PAGE], "more": len(page) > _PAGE})
