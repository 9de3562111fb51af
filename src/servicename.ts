/**
 * What services are called.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISession } from './protocol';

/** What a service is called. */
export function serviceName(
  session: ISession | null,
  trans: TranslationBundle
): string {
  if (session?.kind === 'embedded') {
    return trans.__('My machine');
  }
  return session?.name || hostOf(session) || trans.__('ROB service');
}

/** The host, and the port if it is given, of a service at a URL. */
export function hostOf(session: ISession | null): string {
  try {
    return new URL(session?.url ?? '').host;
  } catch {
    return '';
  }
}
