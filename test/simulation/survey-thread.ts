import { parentPort, workerData } from 'node:worker_threads'
import { livePlans, story } from './plan-years.ts'

/** Jest's own world makes all of it twice as slow. */
const { first, years } = workerData as { first: number; years: number }
const { shortest, ...survey } = livePlans(first, years)
parentPort?.postMessage({ ...survey, wrong: shortest && story(shortest) })
