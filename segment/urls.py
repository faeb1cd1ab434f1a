"""The URLs of Segment's API, at the root of the host: with and without a trailing slash, never redirected."""

from django.urls import re_path

from segment.views import MessageViewSet, settings_of

_SINGLE = "identify|track|page|screen|group|alias"
_LETTERS = {
    letter: name for name in _SINGLE.split("|") for letter in name[0]
}  # the browser library's short names

_batch = MessageViewSet.as_view({"post": "batch"})
_single = MessageViewSet.as_view({"post": "single"})

urlpatterns = [
    re_path(r"^v1/(?:batch|import|b)/?\Z", _batch, name="segment_batch"),
    re_path(r"^b/?\Z", _batch, name="segment_batch_short"),
    re_path(rf"^v1/(?P<kind>{_SINGLE})/?\Z", _single, name="segment_single"),
    *(
        re_path(rf"^(?:v1/)?{letter}/?\Z", _single, {"kind": kind}, name=f"segment_{kind}")
        for letter, kind in _LETTERS.items()
    ),
    re_path(
        r"^v1/projects/(?P<key>[^/]{1,255})/settings/?\Z", settings_of, name="segment_settings"
    ),
]
