/**
 * Must be the first import of the page. zod otherwise tries `new Function`, which the security policy forbids
 * (and reports, though zod swallows the error). It reads the setting when a schema is made.
 */
import { z } from 'zod';

z.config({ jitless: true });
