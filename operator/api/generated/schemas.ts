// Generated from crds/ by `npm run generate`.
export const schemas: Readonly<Record<string, object>> = {
  "GitRemote": {
    "type": "object",
    "required": [
      "spec"
    ],
    "properties": {
      "apiVersion": {
        "type": "string",
        "enum": [
          "clickscribe.dev/v1alpha1"
        ]
      },
      "kind": {
        "type": "string",
        "enum": [
          "GitRemote"
        ]
      },
      "metadata": {
        "type": "object"
      },
      "spec": {
        "type": "object",
        "required": [
          "url"
        ],
        "properties": {
          "url": {
            "type": "string",
            "minLength": 1,
            "maxLength": 2048
          },
          "allowInsecure": {
            "type": "boolean",
            "default": false
          },
          "secretRef": {
            "type": "object",
            "required": [
              "name"
            ],
            "properties": {
              "name": {
                "type": "string",
                "maxLength": 253
              }
            },
            "additionalProperties": false
          },
          "access": {
            "type": "string",
            "enum": [
              "ReadWrite",
              "ReadOnly"
            ],
            "default": "ReadWrite"
          },
          "proxy": {
            "type": "object",
            "required": [
              "secretRef"
            ],
            "properties": {
              "secretRef": {
                "type": "object",
                "required": [
                  "name"
                ],
                "properties": {
                  "name": {
                    "type": "string",
                    "maxLength": 253
                  }
                },
                "additionalProperties": false
              }
            },
            "additionalProperties": false
          },
          "record": {
            "type": "object",
            "default": {},
            "properties": {
              "remoteRef": {
                "type": "object",
                "required": [
                  "name"
                ],
                "properties": {
                  "name": {
                    "type": "string",
                    "maxLength": 253
                  }
                },
                "additionalProperties": false
              },
              "prefix": {
                "type": "string",
                "maxLength": 200,
                "default": "refs/clickscribe"
              }
            },
            "additionalProperties": false
          },
          "commit": {
            "type": "object",
            "default": {},
            "properties": {
              "author": {
                "type": "string",
                "enum": [
                  "Person",
                  "Committer"
                ],
                "default": "Person"
              },
              "authors": {
                "type": "object",
                "properties": {
                  "configMapRef": {
                    "type": "object",
                    "required": [
                      "name"
                    ],
                    "properties": {
                      "name": {
                        "type": "string",
                        "maxLength": 253
                      }
                    },
                    "additionalProperties": false
                  },
                  "emailTemplate": {
                    "type": "string",
                    "maxLength": 254
                  }
                },
                "additionalProperties": false
              },
              "committer": {
                "type": "object",
                "default": {},
                "properties": {
                  "name": {
                    "type": "string",
                    "maxLength": 100,
                    "default": "clickscribe"
                  },
                  "email": {
                    "type": "string",
                    "maxLength": 254,
                    "default": "clickscribe@clickscribe.invalid"
                  }
                },
                "additionalProperties": false
              },
              "subjectTemplate": {
                "type": "string",
                "maxLength": 200,
                "default": "{summary}"
              },
              "signing": {
                "type": "object",
                "required": [
                  "type",
                  "secretRef"
                ],
                "properties": {
                  "type": {
                    "type": "string",
                    "enum": [
                      "SSH",
                      "OpenPGP"
                    ]
                  },
                  "secretRef": {
                    "type": "object",
                    "required": [
                      "name"
                    ],
                    "properties": {
                      "name": {
                        "type": "string",
                        "maxLength": 253
                      }
                    },
                    "additionalProperties": false
                  }
                },
                "additionalProperties": false
              }
            },
            "additionalProperties": false
          },
          "timeout": {
            "type": "string",
            "maxLength": 20,
            "default": "60s"
          }
        },
        "additionalProperties": false
      },
      "status": {
        "type": "object"
      }
    },
    "additionalProperties": false
  },
  "Capture": {
    "type": "object",
    "required": [
      "spec"
    ],
    "properties": {
      "apiVersion": {
        "type": "string",
        "enum": [
          "clickscribe.dev/v1alpha1"
        ]
      },
      "kind": {
        "type": "string",
        "enum": [
          "Capture"
        ]
      },
      "metadata": {
        "type": "object"
      },
      "spec": {
        "type": "object",
        "required": [
          "remote",
          "path"
        ],
        "properties": {
          "remote": {
            "type": "object",
            "required": [
              "name"
            ],
            "properties": {
              "name": {
                "type": "string",
                "maxLength": 253
              }
            },
            "additionalProperties": false
          },
          "branch": {
            "type": "string",
            "maxLength": 244,
            "default": ""
          },
          "path": {
            "type": "string",
            "maxLength": 1024
          },
          "serviceAccountName": {
            "type": "string",
            "maxLength": 253
          },
          "resources": {
            "type": "object",
            "default": {},
            "properties": {
              "include": {
                "type": "array",
                "maxItems": 100,
                "default": [
                  {
                    "groups": [
                      "*"
                    ],
                    "kinds": [
                      "*"
                    ]
                  }
                ],
                "items": {
                  "type": "object",
                  "required": [
                    "groups",
                    "kinds"
                  ],
                  "properties": {
                    "groups": {
                      "type": "array",
                      "minItems": 1,
                      "maxItems": 100,
                      "items": {
                        "type": "string",
                        "maxLength": 253
                      }
                    },
                    "kinds": {
                      "type": "array",
                      "minItems": 1,
                      "maxItems": 100,
                      "items": {
                        "type": "string",
                        "maxLength": 63
                      }
                    },
                    "names": {
                      "type": "array",
                      "minItems": 1,
                      "maxItems": 100,
                      "items": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 253
                      }
                    }
                  },
                  "additionalProperties": false
                }
              },
              "exclude": {
                "type": "array",
                "maxItems": 100,
                "default": [],
                "items": {
                  "type": "object",
                  "required": [
                    "groups",
                    "kinds"
                  ],
                  "properties": {
                    "groups": {
                      "type": "array",
                      "minItems": 1,
                      "maxItems": 100,
                      "items": {
                        "type": "string",
                        "maxLength": 253
                      }
                    },
                    "kinds": {
                      "type": "array",
                      "minItems": 1,
                      "maxItems": 100,
                      "items": {
                        "type": "string",
                        "maxLength": 63
                      }
                    },
                    "names": {
                      "type": "array",
                      "minItems": 1,
                      "maxItems": 100,
                      "items": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 253
                      }
                    }
                  },
                  "additionalProperties": false
                }
              },
              "selector": {
                "type": "object",
                "default": {},
                "properties": {
                  "matchLabels": {
                    "type": "object",
                    "maxProperties": 64,
                    "additionalProperties": {
                      "type": "string",
                      "maxLength": 63
                    }
                  },
                  "matchExpressions": {
                    "type": "array",
                    "maxItems": 64,
                    "items": {
                      "type": "object",
                      "required": [
                        "key",
                        "operator"
                      ],
                      "properties": {
                        "key": {
                          "type": "string",
                          "minLength": 1,
                          "maxLength": 317
                        },
                        "operator": {
                          "type": "string",
                          "enum": [
                            "In",
                            "NotIn",
                            "Exists",
                            "DoesNotExist"
                          ]
                        },
                        "values": {
                          "type": "array",
                          "maxItems": 64,
                          "items": {
                            "type": "string",
                            "maxLength": 63
                          }
                        }
                      },
                      "additionalProperties": false
                    }
                  }
                },
                "additionalProperties": false
              },
              "optIn": {
                "type": "boolean",
                "default": false
              }
            },
            "additionalProperties": false
          },
          "managedBy": {
            "type": "object",
            "default": {},
            "properties": {
              "gitops": {
                "type": "string",
                "enum": [
                  "Skip",
                  "Adopt"
                ],
                "default": "Skip"
              },
              "helm": {
                "type": "string",
                "enum": [
                  "Skip",
                  "Adopt"
                ],
                "default": "Skip"
              },
              "olm": {
                "type": "string",
                "enum": [
                  "Skip",
                  "Adopt"
                ],
                "default": "Skip"
              },
              "operators": {
                "type": "string",
                "enum": [
                  "Skip",
                  "Adopt"
                ],
                "default": "Skip"
              }
            },
            "additionalProperties": false
          },
          "fields": {
            "type": "object",
            "default": {},
            "properties": {
              "ignore": {
                "type": "array",
                "maxItems": 32,
                "default": [],
                "items": {
                  "type": "object",
                  "required": [
                    "kinds",
                    "paths"
                  ],
                  "properties": {
                    "kinds": {
                      "type": "array",
                      "minItems": 1,
                      "maxItems": 64,
                      "items": {
                        "type": "string",
                        "maxLength": 317
                      }
                    },
                    "paths": {
                      "type": "array",
                      "minItems": 1,
                      "maxItems": 64,
                      "items": {
                        "type": "string",
                        "maxLength": 512
                      }
                    }
                  },
                  "additionalProperties": false
                }
              },
              "defaults": {
                "type": "string",
                "enum": [
                  "Keep",
                  "Drop"
                ],
                "default": "Keep"
              }
            },
            "additionalProperties": false
          },
          "secrets": {
            "type": "object",
            "default": {},
            "properties": {
              "allow": {
                "type": "array",
                "maxItems": 32,
                "default": [],
                "items": {
                  "type": "object",
                  "required": [
                    "kinds",
                    "paths"
                  ],
                  "properties": {
                    "kinds": {
                      "type": "array",
                      "minItems": 1,
                      "maxItems": 64,
                      "items": {
                        "type": "string",
                        "maxLength": 317
                      }
                    },
                    "paths": {
                      "type": "array",
                      "minItems": 1,
                      "maxItems": 64,
                      "items": {
                        "type": "string",
                        "maxLength": 512
                      }
                    }
                  },
                  "additionalProperties": false
                }
              }
            },
            "additionalProperties": false
          },
          "prune": {
            "type": "object",
            "default": {},
            "properties": {
              "mode": {
                "type": "string",
                "enum": [
                  "Delete",
                  "Keep"
                ],
                "default": "Delete"
              },
              "confirmAbove": {
                "type": "integer",
                "format": "int32",
                "minimum": 0,
                "default": 10
              }
            },
            "additionalProperties": false
          },
          "layout": {
            "type": "object",
            "default": {},
            "properties": {
              "mode": {
                "type": "string",
                "enum": [
                  "Neighbours",
                  "Flat",
                  "ByNamespace",
                  "ByKind",
                  "Template"
                ],
                "default": "Neighbours"
              },
              "template": {
                "type": "string",
                "minLength": 1,
                "maxLength": 512
              }
            },
            "additionalProperties": false
          },
          "appliers": {
            "type": "array",
            "maxItems": 16,
            "items": {
              "type": "string",
              "minLength": 1,
              "maxLength": 253
            }
          },
          "onConflict": {
            "type": "string",
            "enum": [
              "Hold",
              "ClusterWins",
              "GitWins"
            ],
            "default": "Hold"
          },
          "delivery": {
            "type": "object",
            "default": {},
            "properties": {
              "mode": {
                "type": "string",
                "enum": [
                  "Push",
                  "Detect"
                ],
                "default": "Push"
              }
            },
            "additionalProperties": false
          },
          "drift": {
            "type": "object",
            "default": {},
            "properties": {
              "after": {
                "type": "string",
                "maxLength": 20,
                "default": "10m"
              }
            },
            "additionalProperties": false
          },
          "protect": {
            "type": "object",
            "default": {},
            "properties": {
              "mode": {
                "type": "string",
                "enum": [
                  "None",
                  "Pause"
                ],
                "default": "None"
              }
            },
            "additionalProperties": false
          },
          "batching": {
            "type": "object",
            "default": {},
            "properties": {
              "quietPeriod": {
                "type": "string",
                "maxLength": 20,
                "default": "3s"
              },
              "maxWait": {
                "type": "string",
                "maxLength": 20,
                "default": "30s"
              }
            },
            "additionalProperties": false
          },
          "suspend": {
            "type": "boolean",
            "default": false
          }
        },
        "additionalProperties": false
      },
      "status": {
        "type": "object"
      }
    },
    "additionalProperties": false
  },
  "Notifier": {
    "type": "object",
    "required": [
      "spec"
    ],
    "properties": {
      "apiVersion": {
        "type": "string",
        "enum": [
          "clickscribe.dev/v1alpha1"
        ]
      },
      "kind": {
        "type": "string",
        "enum": [
          "Notifier"
        ]
      },
      "metadata": {
        "type": "object"
      },
      "spec": {
        "type": "object",
        "required": [
          "type",
          "secretRef"
        ],
        "properties": {
          "type": {
            "type": "string",
            "enum": [
              "Slack",
              "Webhook"
            ]
          },
          "channel": {
            "type": "string",
            "minLength": 1,
            "maxLength": 80
          },
          "secretRef": {
            "type": "object",
            "required": [
              "name"
            ],
            "properties": {
              "name": {
                "type": "string",
                "maxLength": 253
              }
            },
            "additionalProperties": false
          },
          "apiUrl": {
            "type": "string",
            "maxLength": 512
          },
          "captures": {
            "type": "object",
            "properties": {
              "names": {
                "type": "array",
                "maxItems": 64,
                "items": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 253
                }
              },
              "matchLabels": {
                "type": "object",
                "maxProperties": 16,
                "additionalProperties": {
                  "type": "string",
                  "maxLength": 63
                }
              }
            },
            "additionalProperties": false
          },
          "minSeverity": {
            "type": "string",
            "enum": [
              "Warning",
              "Error"
            ],
            "default": "Warning"
          },
          "repeatAfter": {
            "type": "string",
            "maxLength": 20,
            "default": "24h"
          },
          "links": {
            "type": "object",
            "properties": {
              "object": {
                "type": "string",
                "maxLength": 1024
              },
              "file": {
                "type": "string",
                "maxLength": 1024
              }
            },
            "additionalProperties": false
          },
          "buttons": {
            "type": "object",
            "required": [
              "people"
            ],
            "properties": {
              "people": {
                "type": "array",
                "minItems": 1,
                "maxItems": 256,
                "items": {
                  "type": "object",
                  "required": [
                    "slack",
                    "user"
                  ],
                  "properties": {
                    "slack": {
                      "type": "string",
                      "pattern": "^[UW][A-Z0-9]{2,}$",
                      "maxLength": 32
                    },
                    "user": {
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 253
                    },
                    "groups": {
                      "type": "array",
                      "maxItems": 32,
                      "items": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 253
                      }
                    }
                  },
                  "additionalProperties": false
                }
              }
            },
            "additionalProperties": false
          },
          "suspend": {
            "type": "boolean",
            "default": false
          }
        },
        "additionalProperties": false
      },
      "status": {
        "type": "object"
      }
    },
    "additionalProperties": false
  }
};
