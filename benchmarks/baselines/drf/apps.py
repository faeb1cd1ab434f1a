from django.apps import AppConfig


class DrfConfig(AppConfig):
    name = "benchmarks.baselines.drf"
    label = "drf_baseline"
    default_auto_field = "django.db.models.BigAutoField"
