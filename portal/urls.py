"""The pages that people see, and those of django-allauth at plain addresses (/login/, /password/reset/, /2fa/, ...)."""

from allauth.account import views as allauth_views
from django.urls import include, path
from django.views.generic import RedirectView

from portal.views import auth, quickstart

portal = (
    [
        path("", RedirectView.as_view(pattern_name="portal:quickstart"), name="overview"),
        path("quickstart/", quickstart.show, name="quickstart"),
        path("no-account/", auth.no_account, name="no_account"),
    ],
    "portal",
)

urlpatterns = [
    path("", include(portal)),
    # The last of two patterns with one name is the one that links are made of: /register/, as the reference prints it.
    path("", include("allauth.account.urls")),
    path("register/", allauth_views.signup, name="account_signup"),
    path("2fa/", include("allauth.mfa.urls")),
]
