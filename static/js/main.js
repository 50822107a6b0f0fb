/* Everything a page needs, in one file: HTMX and the small modules beside this one. */
import htmx from "htmx.org";
import { startBenches } from "./bench.js";
import { startCopying } from "./copy.js";
import { startDialogs } from "./dialogs.js";
import { startExpressions } from "./expressions.js";
import { startForms } from "./forms.js";
import { startGraphs } from "./graph.js";
import { startJson } from "./json.js";
import { startKeeping } from "./keep.js";
import { startLive } from "./live.js";
import { startLogs } from "./log.js";
import { startMenus } from "./menus.js";
import { startPalette } from "./palette.js";
import { startQueries } from "./queries.js";
import { startSession } from "./session.js";
import { startTabs } from "./tabs.js";
import { startTimes } from "./times.js";
import { startToasts } from "./toasts.js";
import { startUploads } from "./uploads.js";
import { startTwins } from "./twins.js";

window.htmx = htmx; // extensions and tests find it here

startMenus();
startCopying();
startDialogs(htmx);
startForms();
startSession();
startKeeping();
startTabs();
startTimes();
startToasts();
startUploads();
startJson();
startGraphs();
startBenches();
startTwins();
startExpressions();
startPalette();
startQueries();
const live = startLive(htmx);
startLogs(live);

/* The JSON editor is heavy and rare: it is fetched when a page has a field for it. */
function startEditors(root) {
  if (root.querySelector?.("textarea[data-editor]")) {
    const script = document.querySelector('script[src*="main"][type="module"]');
    import(script.dataset.editor).then((module) => module.startEditors(root));
  }
}
startEditors(document);
document.addEventListener("htmx:load", (event) => startEditors(event.detail.elt));
