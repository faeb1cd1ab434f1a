from django.urls import include, path
from rest_framework.routers import SimpleRouter

from benchmarks.baselines.drf.views import CustomerViewSet, EventViewSet

router = SimpleRouter(trailing_slash=False)
router.register("event", EventViewSet)
router.register("customer", CustomerViewSet)

urlpatterns = [path("api/v1/", include(router.urls))]
