/** htmx and its policy extension, in this order and in one file: apart they would race (an ungated page for a moment). */
import "htmx.org/dist/htmx.esm.js";
import "htmx.org/dist/ext/hx-csp.js";
