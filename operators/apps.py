from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class OperatorsConfig(AppConfig):
    name = "operators"


class AdminConfig(DjangoAdminConfig):
    """Django's admin, with the site of this project in the place of Django's own."""

    default = False
    default_site = "operators.site.OperatorsSite"
