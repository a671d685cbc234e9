import fastify from 'fastify'

export const dbPackages = fastify
