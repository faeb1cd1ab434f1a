"""The pages that people see, and those of django-allauth at plain addresses (/login/, /password/reset/, /2fa/, ...)."""

from allauth.account import views as allauth_views
from django.urls import include, path
from django.views.generic import RedirectView

from portal.views import (
    audit,
    auth,
    customers,
    errors,
    events,
    keys,
    overview,
    quickstart,
    rejections,
    settings,
    team,
    webhooks,
)

portal = (
    [
        path("", overview.show, name="overview"),
        path("events/", events.index, name="events"),
        path("events/feed/", events.feed, name="events_feed"),
        path("events/event/", events.event, name="event"),
        path("events/rejected/", rejections.index, name="rejections"),
        path("events/rejected/dismiss/", rejections.dismiss, name="rejections_dismiss"),
        path("events/rejected/change/", rejections.change, name="rejections_change"),
        path("events/rejected/<uuid:rejection_id>/", rejections.show, name="rejection"),
        path("customers/", customers.index, name="customers"),
        path("customers/customer/", customers.show, name="customer"),
        path("customers/customer/separate/", customers.separate, name="customer_separate"),
        path("quickstart/", quickstart.show, name="quickstart"),
        path("quickstart/key/", quickstart.fill_in, name="quickstart_key"),
        path("quickstart/first-event/", quickstart.first_event, name="first_event"),
        # The address that the reference prints for "find your token".
        path("apps/data-sources/get_traitly/", RedirectView.as_view(pattern_name="portal:keys")),
        path("keys/", keys.index, name="keys"),
        path("keys/create/", keys.create, name="key_create"),
        path("keys/<int:key_id>/reveal/", keys.reveal, name="key_reveal"),
        path("keys/<int:key_id>/rotate/", keys.rotate, name="key_rotate"),
        path("keys/<int:key_id>/revoke/", keys.revoke, name="key_revoke"),
        path("webhooks/", webhooks.index, name="webhooks"),
        path("webhooks/create/", webhooks.create, name="webhook_create"),
        path("webhooks/<uuid:webhook_id>/", webhooks.show, name="webhook"),
        path("webhooks/<uuid:webhook_id>/edit/", webhooks.edit, name="webhook_edit"),
        path("webhooks/<uuid:webhook_id>/reveal/", webhooks.reveal, name="webhook_reveal"),
        path("webhooks/<uuid:webhook_id>/rotate/", webhooks.rotate, name="webhook_rotate"),
        path("webhooks/<uuid:webhook_id>/test/", webhooks.test, name="webhook_test"),
        path("webhooks/<uuid:webhook_id>/rewind/", webhooks.rewind, name="webhook_rewind"),
        path(
            "webhooks/<uuid:webhook_id>/resend/<uuid:delivery_id>/",
            webhooks.resend,
            name="webhook_resend",
        ),
        path("webhooks/<uuid:webhook_id>/delete/", webhooks.delete, name="webhook_delete"),
        path("team/", team.index, name="team"),
        path("team/invite/", team.invite, name="team_invite"),
        path("team/invitations/<int:invitation_id>/withdraw/", team.withdraw, name="team_withdraw"),
        path("team/<int:membership_id>/role/", team.change_role, name="team_role"),
        path("team/<int:membership_id>/remove/", team.remove, name="team_remove"),
        path("invitation/<str:token>/", auth.invitation, name="invitation"),
        path("welcome/<str:token>/", auth.welcome, name="welcome"),
        path("accounts/", auth.accounts, name="accounts"),
        path("accounts/<int:account_id>/switch/", auth.switch, name="account_switch"),
        path("no-account/", auth.no_account, name="no_account"),
        path("settings/", settings.index, name="settings"),
        path("settings/name/", settings.rename, name="settings_name"),
        path("settings/retention/", settings.set_retention, name="settings_retention"),
        path("settings/origins/", settings.set_origins, name="settings_origins"),
        path("settings/export/<slug:what>/", settings.export, name="settings_export"),
        path("settings/delete/", settings.delete, name="settings_delete"),
        path("offline/", errors.offline, name="offline"),
        path("service-worker.js", errors.service_worker, name="service_worker"),
        path("audit/", audit.index, name="audit"),
    ],
    "portal",
)

urlpatterns = [
    path("", include(portal)),
    # The last of two patterns with one name is the one that links are made of: /register/, as the
    # reference prints it.
    path("", include("allauth.account.urls")),
    path("register/", allauth_views.signup, name="account_signup"),
    path("2fa/", include("allauth.mfa.urls")),
]
