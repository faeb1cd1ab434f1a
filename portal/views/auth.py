"""Around logging in: a user without an account, and the choice among several."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_required
def no_account(request: HttpRequest) -> HttpResponse:
    """For someone who was removed from the last account."""
    return render(request, "portal/no_account.html")
