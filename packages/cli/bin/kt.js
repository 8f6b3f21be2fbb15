#!/usr/bin/env node
import '../dist/kt/main.mjs';
