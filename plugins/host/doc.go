// Package host runs strategy programs in processes of their own and speaks the plugin
// protocol with them.
//
// [Open] starts a program and shakes hands; [Plugin.Describe] asks what a strategy is,
// [Plugin.Start] plays one in lockstep as a [Session], and [Plugin.Backtest] has the
// program run a whole backtest inside itself. Command pmbot calls it; *Session has the
// method set of backtest.Player.
//
// The package trusts no program. Whatever one does, crash, hang, flood or lie, becomes
// an [Error] that says what happened and what to do, in bounded time and memory; nothing
// a program sends can panic the host. A program sees no environment of the host's but
// PATH, the directory for temporary files and a few like it, so that no key reaches it;
// its connection is encrypted with certificates made for that one process. Start reading
// at [Open].
package host
