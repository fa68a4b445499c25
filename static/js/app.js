/** Everything that every page needs. A page's own module is loaded in its `scripts` block. */
import "./morph.js";
import "./errors.js";
import "./busy.js";
import "./toasts.js";
import "./dialog.js";
import "./menu.js";
import "./theme.js";
import "./relative-time.js";
import "./rows.js";
import "./shortcuts.js";
import "./palette.js";
import "./typeahead.js";
import "./actions.js";
import "./stick.js";
import "./follow.js";
import "./live.js";
import "./uploads.js";
