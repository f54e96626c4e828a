#!/usr/bin/env node
// kubectl finds this as its plugin `kubectl clickscribe`; bin.mjs knows it by its name.
import "./bin.mjs";
