import { All, Controller } from '@nestjs/common';
import { ProblemException } from './problem.filter.js';

/** Parts of the contract that are still to come; the README lists them too. */
@Controller()
export class NotBuiltController {
  @All(['/', 'docs', 'asyncapi.json', 'v1/explain', 'v1/reload', 'v1/config'])
  notBuilt(): never {
    throw new ProblemException({
      code: 'not_built',
      detail: 'this part of the control plane is not built yet; the README says what is',
    });
  }
}
