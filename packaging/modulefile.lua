-- A modulefile for Lmod: put it as nsfarm-deno/{{version}}.lua below a folder of MODULEPATH, after install.sh TAR PREFIX.
help([[Splits nextstat toys into shards, runs them on a farm, checks and merges the set: man nsfarm-deno]])
whatis("Name: nsfarm-deno")
whatis("Version: {{version}}")

local prefix = os.getenv("NSFARM_DENO_PREFIX") or "/opt/nsfarm-deno"
local base = pathJoin(prefix, "nsfarm-deno-{{version}}")
prepend_path("PATH", pathJoin(base, "bin"))
prepend_path("MANPATH", pathJoin(base, "share/man"))
-- An empty part of MANPATH stands for the system's own pages (manpath(1)).
append_path("MANPATH", "")
prepend_path("XDG_DATA_DIRS", pathJoin(base, "share"))
