// Before the page is drawn: the theme and the language that were chosen here before.
"use strict";

const theme = localStorage.getItem("docs-theme");
if (theme) {
  document.documentElement.dataset.theme = theme;
}
const language = localStorage.getItem("docs-language");
if (language && !new URLSearchParams(location.search).has("language")) {
  document.documentElement.dataset.language = language;
}
