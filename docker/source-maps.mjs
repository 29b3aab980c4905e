// Stacks that name the lines of our own sources. `--enable-source-maps` would read the maps of 3,000 files of packages as
// well, and hold them: 10 MB of every service's memory.
import { setSourceMapsSupport } from 'node:module';

setSourceMapsSupport(true, { nodeModules: false });
