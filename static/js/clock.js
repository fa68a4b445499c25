/** The server's clock, so that a workstation with a wrong one still shows the right wait. */
const server = Date.parse(document.documentElement.dataset.now ?? "");
const offset = Number.isNaN(server) ? 0 : server - Date.now();
/** Milliseconds since 1970 by the server's clock. */
export const now = () => Date.now() + (Math.abs(offset) > 2000 ? offset : 0);
