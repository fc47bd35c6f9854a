// A build writes the real one: the texts of all scripts by name, and functions that load the code caches of commands.
export const scripts = {};
export const caches = {};
