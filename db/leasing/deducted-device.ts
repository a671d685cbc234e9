/** What the device of a line `d` was called when it was deducted, or is called now if that was not kept; with `MODEL`. */
export const DEVICE = 'coalesce(d.device, m.name, d.model_code)'
export const MODEL = 'left join device_models m on m.tenant_id = d.tenant_id and m.code = d.model_code'
