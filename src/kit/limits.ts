/** Every limit of the product in one place: unit, default, reason. */
export const LIMITS = {
  /** Bytes of a body kept for comparing, recording and rescue; beyond it pairs are too large. */
  captureMaxBytes: 1_048_576,
  /** A request's body up to here is waited for: while it comes it holds no live connection. */
  collectedBodyMaxBytes: 16_384,
  /** A canary answer is held back until whole up to here, so that it can still be rescued. */
  rescueHoldMaxBytes: 65_536,
  /** Request header block accepted from clients: twice what Node allows by default. */
  headerMaxBytes: 32_768,
  /** Shadow requests at once: a slow shadow holds no more of our memory than this. */
  shadowInFlightMax: 256,
  /** Shadow requests waiting for their key's turn or for a slot. */
  shadowQueueMax: 2048,
  /** Waiting shadow requests sent in one turn of the event loop, and one for each new one. */
  shadowBurstMax: 2,
  /** Bytes of bodies held for the shadow, both kinds together. */
  shadowBytesMax: 33_554_432,
  /** How far a shadow's answer may be longer than the live one, or ahead of it on its way. */
  shadowAheadMaxBytes: 65_536,
  /** Connections to each side: long answers and uploads hold one each for as long as they take. */
  liveConnectionsMax: 8192,
  /** As many live ones, with as many clients, are enough to say nothing of a low limit of files. */
  liveConnectionsEnough: 512,
  shadowConnectionsMax: 256,
  /**
   * A side whose queue of connections is full lets a client in at its second or third try, after
   * 1 and 3 s: live requests have that patience, copies do not.
   */
  liveConnectTimeoutMs: 4000,
  shadowConnectTimeoutMs: 1000,
  /** Connections to a shadow being made at once: each takes the core from live for 0.15 ms. */
  shadowAttemptsMax: 8,
  /** Shadow legs failed in a row before the shadow is left alone. */
  breakerFailuresMax: 20,
  /** How long it is left alone at first, and at most: doubled with each probe that fails. */
  breakerOpenMinMs: 1000,
  breakerOpenMaxMs: 30_000,
  /** How often a proxy looks at its memory and its event loop. */
  overloadSampleMs: 500,
  /** A lasting delay of the event loop that counts as being full. */
  overloadDelayMs: 500,
  /** Pairs waiting for the analyst; beyond it they are counted as not compared. */
  analystQueueMax: 1024,
  /** Bytes of bodies on their way to the analyst; half of either, and recording gives way. */
  analystBytesMax: 67_108_864,
  /** Reads with different answers that wait to be asked again, and bytes of their bodies. */
  refereeWaitingMax: 256,
  refereeBytesMax: 4_194_304,
  /** Of these, asked at once: a leg to each side. */
  refereeInFlightMax: 8,
  /** Asked again a second: a candidate that is wrong everywhere costs legacy no more. */
  refereeRatePerSec: 100,
  /** How long one waits for its key to be quiet, and then for the answers. */
  refereeWaitMaxMs: 5000,
  refereeLookMs: 10,
  /** Times one is asked where a write comes in between. */
  refereeTriesMax: 3,
  /** Keys of which two writes were under way at once, whose order is open; the oldest go. */
  writeOrderDoubtsMax: 10_000,
  /** Races that a summary tells, and of them those that are shown: each with its write. */
  racesToldMax: 500,
  racesKept: 20,
  /** Reads asked once more at once to learn what is noise, and connections to the twin. */
  noiseInFlightMax: 16,
  twinConnectionsMax: 32,
  /** Divergences located in one pair: enough to see the cause. */
  divergencesPerPairMax: 32,
  /** Characters of a value kept in a divergence. */
  divergenceValueMax: 256,
  /** Divergences of one kind and path template kept in one pair, so that no kind hides another. */
  divergencesPerPathMax: 3,
  /** Divergences of one pair that are looked at, shown or not, before the walk ends. */
  divergencesSeenMax: 16_384,
  /** Bytes a compressed body may grow to when it is unpacked for comparison. */
  decodedMaxBytes: 8_388_608,
  /** And how many times its size, beyond the first MiB: earnest texts stay far below. */
  decodedMaxRatio: 200,
  /** Codings upon each other that are unpacked: nobody sends more in earnest. */
  decodedLayersMax: 2,
  /** An analyst that has not answered for so long is ended and started anew. */
  analystHangMs: 5000,
  /** Heap of an analyst, MiB: a hostile answer exhausts it before it harms the live path. */
  analystHeapMaxMib: 256,
  clustersMax: 200,
  /** Examples of a cluster drawn from all of its pairs; the oldest one stays beside them. */
  examplesPerCluster: 3,
  /** Different values of a side that a cluster remembers, and characters of each. */
  valuesPerSideMax: 4,
  seenValueMaxChars: 64,
  /** Different segments at one place of a path that stay apart: of requests, and in answers. */
  routeChildrenMax: 32,
  fieldChildrenMax: 64,
  /** Segments of a template, characters of one, and segments known of all paths together. */
  templateDepthMax: 16,
  templateSegmentMaxChars: 64,
  templateLevelsMax: 4096,
  /** JSON deeper than this is not looked into. */
  jsonDepthMax: 512,
  /** JSON values of one body; a list of 100,000 objects has its place. */
  jsonNodesMax: 1_048_576,
  /** Lines, records, fields or parts of a body that is compared by them. */
  bodyPartsMax: 262_144,
  /** Lines by which two texts may differ and still be laid side by side. */
  textEditsMax: 512,
  /** Keys no longer judged; the oldest stay. */
  taintedKeysMax: 100_000,
  /** Writes that wait to be replayed on a side that missed them, and their bytes. */
  journalEntriesMax: 100_000,
  journalMaxBytes: 67_108_864,
  /** Writes told to a controller that has not written them down, and their bytes, per proxy. */
  unkeptEntriesMax: 100_000,
  unkeptMaxBytes: 67_108_864,
  /** Missed writes replayed at once: a side that has just come back is not run over. */
  replaysInFlightMax: 16,
  /** How long a side that cannot be reached is left alone between two tries. */
  replayBackoffMinMs: 100,
  replayBackoffMaxMs: 2000,
  /** How long a missed write waits for earlier ones that another proxy may still tell of. */
  replaySettleMs: 10,
  /** Times that one write may fail while others succeed, before it is given up. */
  replayFailuresMax: 3,
  /** Writes marked durably, in one go, as perhaps sent before they are. */
  replayGrantMax: 256,
  /** How often the journal's changes are written to the store. */
  journalPersistMs: 50,
  /** A write under way for so long is on disk soon, lest everything dies at once. */
  openWriteLastsMs: 500,
  /** How long it stays there behind its end, until what became of it is. */
  openWriteKeptMs: 3000,
  /** Tainted keys listed by name in a status. */
  taintedListedMax: 50,
  /** A longer key is known by its digest: keys are kept and stored by the hundred thousand. */
  keyMaxBytes: 256,
  /** Keys in one request. */
  keysPerRequestMax: 1024,
  /** Routes named apart in metrics and summaries; the rest is `other`. */
  routesMax: 200,
  /** Seconds of latency kept for plots: fifteen minutes. */
  recentSecondsMax: 900,
  /** Seconds of latency kept in the store for a diagnosis: six hours, some 60 MB at most. */
  observedSecondsMax: 21_600,
  /** Seconds in one answer of the control API. */
  observedSecondsPerAnswer: 600,
  /** How often they are written: a transaction is a flush of the disk. */
  observedWriteEveryMs: 5000,
  /** A file of collections, or of a garbage collector's trace. */
  collectionFileMaxBytes: 67_108_864,
  /** Instances that one recording is taken apart into. */
  recordedInstancesMax: 64,
  /** How long a proxy without a controller keeps its assignment. */
  orphanHoldMs: 30_000,
  /** How long a draining proxy without clients waits for copies under way. */
  drainCopiesMs: 1000,
  /** Longest a draining proxy waits for its last answers. */
  drainMaxMs: 10_000,
  /** And where another has taken its place: a download or a tunnel ends with its client. */
  longDrainMaxMs: 3_600_000,
  /** Proxies that only such clients keep alive; beyond it the oldest cuts them off. */
  lingeringProxiesMax: 8,
  /** Silence on a client connection before it is closed. */
  keepAliveMs: 65_000,
  /** How often the data port looks for connections that are beyond a limit of time. */
  wireSweepMs: 500,
  /** A side that takes nothing for so long of a body that streams to it has hung. */
  uploadStallMs: 120_000,
  /** Requests waiting for a connection to one side: four for each connection it may have. */
  upstreamWaitingMax: 2048,
  /** An idle connection to a side that does not say how long it keeps one. */
  upstreamIdleMs: 4000,
  /** And to one that says more than anybody needs. */
  upstreamIdleMaxMs: 600_000,
  /** Silence in the middle of a live answer before it is cut; an event stream has no such limit. */
  answerSilenceMs: 600_000,
  /** Interim answers (1xx) before one final one. */
  interimAnswersMax: 16,
  /** How long a connection is still read after its last answer, so that the client gets that. */
  lingerMs: 2000,
  /** A client that takes nothing of its answer for so long is cut off. */
  answerStallMs: 120_000,
  /** Silence after which a draining data port closes a connection: a request may be on its way. */
  drainQuietMs: 500,
  /** Bodies up to here are copied behind the head of their answer: one write instead of two. */
  joinedWriteMaxBytes: 65_536,
  /** Chunks up to here are copied in between their framing. */
  joinedChunkMaxBytes: 16_384,
  /** Bytes of all chunk extensions of a body, and of its trailers: nobody needs more. */
  chunkExtensionMaxBytes: 16_384,
  trailerMaxBytes: 16_384,
  /** Silence in both directions after which a tunnel is closed. */
  tunnelIdleMs: 3_600_000,
  /** Longest life of a tunnel. */
  tunnelMaxMs: 86_400_000,
  tunnelCheckMs: 10_000,
  /** A configuration file: a hundred times a long one. */
  configMaxBytes: 1_048_576,
  /** Recording file size where none is configured. */
  recordingMaxBytes: 1_073_741_824,
  /** Writes waiting for the store in the Read States service before updates are refused. */
  dirtyMax: 1_000_000,
  /** Evicted states kept aside until they are durable; beyond it only clean ones are evicted. */
  heldStatesMax: 16_384,
  /** Requests waiting for the store in the Read States service, all users together. */
  loadWaitersMax: 65_536,
  /** States named in one read of the store, unless a single request names more. */
  loadKeysMax: 1000,
  /** Rows in one write to the store: collecting them holds the event loop well under 1 ms. */
  writeRowsMax: 256,
  /** Writes to the store at once. */
  writesInFlightMax: 8,
  /** Largest body the Read States service takes: 1,000 ids with room to spare. */
  readStatesBodyMaxBytes: 65_536,
  /** A request to it that has not arrived whole by then is given up. */
  readStatesRequestMaxMs: 60_000,
  /** Collections it keeps with their intervals; older ones are only counted. */
  collectionsKeptMax: 4096,
  /** Users whose states before their last write the flaw `stale` keeps; the oldest go. */
  staleUsersMax: 100_000,
  /** A shorter stall of the proxy's own is not worth a word in a recording. */
  toldStallMinUs: 5000,
  /** A second with a longer stall of the proxy's own event loop is no evidence on latency. */
  proxyStallMaxUs: 100_000,
  /** Share of such seconds beyond which no latency gate passes. */
  proxyStalledMaxRatio: 0.5,
  /** Pairs of a minute, about, below which it does not count for a step's hold. */
  holdPairsPerMinMin: 10,
  /** Pairs of one live side that a window must have for its quantiles to be compared. */
  windowPairsMin: 100,
  /** Keys that each proxy tells the side of, a second, about; and those of a step, in all. */
  sampledKeysPerSecond: 256,
  sampledKeysMax: 16_384,
  /** Margins of latency gates that a proxy tells pairs apart by; gates beyond look at windows. */
  pairMarginsMax: 8,
  /** How long after its end a window waits for proxies that have not reported it. */
  windowGraceMs: 2000,
  /** How often the controller judges and decides: a rollback is decided within this. */
  tickMs: 500,
  /** How often progress is written where nothing was decided. */
  persistEveryMs: 1000,
  /** Rollout events kept in memory for status and the control API. */
  eventsMax: 500,
  /** Closed windows that wait for a store that cannot write. */
  unwrittenWindowsMax: 2000,
  /** Longest a replayed or generated request waits for its answer. */
  replayTimeoutMs: 30_000,
  /** Replayed or generated requests waiting or under way; beyond it the source is read later. */
  replayOutstandingMax: 8192,
  /** How far records of a recording may stand from the order in which they arrived. */
  replayReorderMs: 60_000,
  /** Bytes of one recording held while its records are put in that order. */
  replayReorderMaxBytes: 268_435_456,
  /** Connections the system keeps while no proxy takes them: a second's worth and more. */
  listenBacklog: 4096,
  /** A proxy that does not accept by then is killed; slow machines load code for seconds. */
  workerStartMaxMs: 15_000,
  /** A proxy of which nothing is heard for so many seconds is killed; it tells of each second. */
  workerSilentMaxS: 10,
  /** A proxy that lived this long did not die of its start. */
  workerHealthyAfterMs: 10_000,
  /** Longest wait between the death of a proxy and the start of the next. */
  respawnMaxMs: 5000,
  /** Deaths in a row, each soon after its start, that make a crash loop. */
  crashLoopStartDeaths: 5,
  /** Deaths within a minute, however long each lived, that make one. */
  crashLoopDeathsPerMin: 10,
  /** Peace after which a proxy in safe mode makes room for one that mirrors again. */
  safeModeRetryMs: 300_000,
  /** How long that one must live before the others follow. */
  safeModeTrialMs: 30_000,
  /** Longest the last proxy goes on taking connections that wait as everything ends. */
  queueTakenMaxMs: 1000,
  /** Open files of a proxy that are no connections. */
  openFilesReserve: 64,
  /** Connections to each side that are left to live and to the shadow however few there may be. */
  connectionsMin: 16,
  /** A body, a reason or label in it, and the wait for one request of the control API. */
  controlBodyMaxBytes: 16_384,
  controlTextMaxChars: 500,
  controlRequestMaxMs: 10_000,
  /** The head of one; a tool on this machine sends it at once. */
  controlHeadMaxMs: 5000,
  /** Connections to the control API: commands, a scraper, a balancer's questions, with room. */
  controlConnectionsMax: 64,
  /** A Prometheus page of a side. */
  metricsPageMaxChars: 4_194_304,
  /** Points of memory and CPU kept: more than any resource gate looks back at. */
  resourceWindowsMax: 2000,
  /** Spellings of field names that a comparison remembers: a side may send any. */
  comparedNamesMax: 1024,
  /** Characters of a regular expression in a rule, and steps of the program it becomes. */
  patternMaxChars: 500,
  patternStepsMax: 1000,
  /** Characters that all patterns together look at in one pair; what is beyond is not excused. */
  patternCharsPerPairMax: 1_048_576,
  /** Segments of a rule's path that has `**` in it. */
  deepPathSegmentsMax: 30,
  /** Partners of values, and newest values, that an analyst's rules remember; the oldest go. */
  ruleMemoryMax: 100_000,
  /** A longer value is remembered by its digest. */
  ruleMemoryValueMax: 64,
  /** Both answers of a pair through a `map` of the user's own; then its thread is ended. */
  mapDeadlineMs: 1000,
  /** How long a pair waits for the file of a `map` to load, and how long loading may take. */
  mapLoadWaitMs: 3000,
  mapLoadMaxMs: 10_000,
  /** Failures in a row, and overruns in all, after which a `map` is switched off. */
  mapFailuresMax: 20,
  mapOverrunsMax: 5,
  /** Heap of the thread that runs them, MiB. */
  mapHeapMaxMib: 128,
  /** Places of answers whose noise one analyst learns, in all and of one route. */
  noisePathsMax: 4096,
  noisePathsPerRoute: 256,
  /** Pairs of a route with the candidate, none of legacy with itself: nothing can be learned. */
  noiseSilentPairsMax: 2000,
  /** Places told to the controller: those that a person has to know of come first. */
  noisePathsTold: 100,
  /** Arrays of one route whose order is learned; elements and fields that are looked at. */
  noiseArraysPerRoute: 32,
  noiseArrayItemsMax: 1000,
  noiseFieldsPerArray: 16,
  /** Times that what an array's elements are known by may change. */
  noiseArrayChangesMax: 8,
  /** Pairs of legacy with itself looked into for arrays, of one route; then one in sixteen. */
  noiseStudiesMax: 1000,
  /** Times that one pair is compared to find all places that differ. */
  noisePassesMax: 8,
  /** How often what was learned is told in full: all of it is copied. */
  noiseToldEveryMs: 1000,
  /** Records, and stored bytes, that a thread rejudges at once: enough to be worth a message. */
  rejudgeBatchRecords: 500,
  rejudgeBatchBytes: 1_048_576,
  /** Tasks one thread has at a time: while it does one, the next is on its way. */
  rejudgeTasksPerThread: 2,
  /** Batches read ahead of the oldest that is not done, for each thread. */
  rejudgeAheadPerThread: 8,
  /** Threads of a rejudgement. */
  rejudgeThreadsMax: 256,
  /** An answer compared from a file. */
  answerFileMaxBytes: 67_108_864,
  /** Bytes held of requests of one recording that wait for their like in the other. */
  unpairedMaxBytes: 268_435_456,
  /** Requests without a partner that are listed one by one; all are counted. */
  unpairedListedMax: 1000,
  /** Bytes of answers that a self-test holds. */
  selfTestSampleMaxBytes: 268_435_456,
  /** Bytes of bodies made for one kind in one answer: 1,000 places of all but long answers. */
  selfTestPlacesMaxBytes: 33_554_432,
  /** Requests of all runs of the pause model together: half a minute. */
  modelRequestsMax: 100_000_000,
  modelSeedsMax: 1000,
  modelWindowsMax: 10_000,
  modelClientsMax: 100_000,
  modelUsersMax: 10_000_000,
  modelHeapMaxBytes: 1e12,
  /** Climbs of a simulated candidate: an hour of them; and users that its cohorts are drawn of. */
  simulatedRunsMax: 100_000,
  simulatedUsersMax: 10_000_000,
} as const;
