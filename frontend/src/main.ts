import "./trusted.ts";
import "./htmx.ts";
