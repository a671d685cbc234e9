import Stripe from 'stripe'

export const vendorsBehindGateways = Stripe
