import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { accessVerdict } from './control-access.js';
import type { ControlAccess } from './control-access.js';
import { ProblemException } from './problem.filter.js';

/** Probes of an orchestrator carry no token, and tell nothing that is secret. */
const OPEN = /^\/health\/(live|ready)$/;

@Injectable()
export class ControlGuard implements CanActivate {
  constructor(private readonly access: ControlAccess) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context
      .switchToHttp()
      .getRequest<{ url: string; headers: Record<string, string | string[] | undefined> }>();
    if (OPEN.test(request.url.split('?')[0] ?? '')) return true;
    switch (accessVerdict(request.headers, this.access)) {
      case 'admitted':
        return true;
      case 'token-required':
        throw new ProblemException({
          code: 'admin_token_required',
          detail: 'send Authorization: Bearer with the value of PENSTOCK_ADMIN_TOKEN',
        });
      case 'foreign-host':
        throw new ProblemException({
          code: 'forbidden',
          detail: 'expected Host to be localhost or 127.0.0.1; set PENSTOCK_ADMIN_TOKEN to use other names',
        });
      case 'foreign-origin':
        throw new ProblemException({
          code: 'forbidden',
          detail: 'this page is not from here; the control plane takes no requests of foreign pages',
        });
    }
  }
}
