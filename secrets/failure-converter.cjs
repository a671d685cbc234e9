const { DefaultFailureConverter } = require('@temporalio/common')

/**
 * Messages and stack traces of failures travel as payloads, so that they are encrypted as all payloads are. CommonJS,
 * since the SDK asks for it by `require`, and bundles it with the workflows.
 */
exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true })
