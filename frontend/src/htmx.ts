/** htmx and its policy extension, in this order and in one file: apart they would race (an ungated page for a moment). */
import "htmx.org/dist/htmx.esm.js";
import "htmx.org/dist/ext/hx-csp.js";

interface Configured {
  htmx: { config: { morphSkip: string; morphIgnore: string[] } };
}

// A fresh card must not wipe out the sentence somebody is reading, or shut what he opened.
const { config } = (window as unknown as Configured).htmx;
config.morphSkip = `${config.morphSkip}, [data-status]:not(:empty)`;
config.morphIgnore = [...(config.morphIgnore ?? []), "open", "aria-busy"];
