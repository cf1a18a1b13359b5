package sdk

const coreSource = ""

func coreModules() []string { return nil }
