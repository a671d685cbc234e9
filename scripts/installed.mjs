// Exit code 0 when what stands in node_modules is what package-lock.json asks for, so that nothing has to be installed.
// Runs on the system's Node, before anything is installed.
import { existsSync, readFileSync } from 'node:fs'

const packagesIn = (file) => JSON.parse(readFileSync(file, 'utf8')).packages

function isInstalled() {
  if (!existsSync('node_modules/.bin/node')) return false
  const wanted = packagesIn('package-lock.json')
  const present = packagesIn('node_modules/.package-lock.json')
  const same = Object.entries(present).every(([path, { version }]) => wanted[path]?.version === version)
  // Packages for other platforms are optional: they are in the lock file, not here.
  const complete = Object.entries(wanted).every(([path, { optional }]) => path === '' || optional || present[path])
  return same && complete
}

let installed = false
try {
  installed = isInstalled()
} catch {
  // Unreadable is as good as not installed.
}
process.exit(installed ? 0 : 1)
