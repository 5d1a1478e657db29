import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One Cassandra node: where it listens and where its files are. */
export interface NodeSettings {
  readonly host: string;
  /** Where clients connect (CQL). */
  readonly port: number;
  /** Where other nodes would connect; it must be free too. */
  readonly storagePort: number;
  /** Absolute; holds conf, data, tmp, log and pid. */
  readonly folder: string;
}

/** Cassandra's own conf/jvm17-server.options: what it reaches inside the JDK. */
const MODULE_FLAGS: readonly string[] = [
  ...[
    'java.base/jdk.internal.misc',
    'java.management.rmi/com.sun.jmx.remote.internal.rmi',
    'java.rmi/sun.rmi.registry',
    'java.rmi/sun.rmi.server',
    'java.sql/java.sql',
    'java.base/java.lang.ref',
    'jdk.unsupported/sun.misc',
    'jdk.compiler/com.sun.tools.javac.file',
    'jdk.attach/sun.tools.attach',
  ].map((name) => `--add-exports=${name}=ALL-UNNAMED`),
  ...[
    'java.base/java.lang.module',
    'java.base/jdk.internal.loader',
    'java.base/jdk.internal.ref',
    'java.base/jdk.internal.reflect',
    'java.base/jdk.internal.math',
    'java.base/jdk.internal.module',
    'java.base/jdk.internal.util.jar',
    'java.base/sun.nio.ch',
    'java.base/java.io',
    'java.base/java.lang.reflect',
    'java.base/java.lang',
    'java.base/java.util',
    'jdk.management/com.sun.management.internal',
    'jdk.compiler/com.sun.tools.javac',
  ].map((name) => `--add-opens=${name}=ALL-UNNAMED`),
];

const LOGBACK = `<configuration>
  <appender name="A" class="ch.qos.logback.core.ConsoleAppender"><encoder>
    <pattern>%d{HH:mm:ss.SSS} %-5level [%thread] %logger{0} - %msg%n</pattern>
  </encoder></appender>
  <root level="INFO"><appender-ref ref="A"/></root>
</configuration>
`;

function cassandraYaml(node: NodeSettings): object {
  const seeds = { seeds: `${node.host}:${node.storagePort}` };
  const seedProvider = 'org.apache.cassandra.locator.SimpleSeedProvider';
  return {
    cluster_name: 'crossfade-dev',
    partitioner: 'org.apache.cassandra.dht.Murmur3Partitioner',
    endpoint_snitch: 'SimpleSnitch',
    seed_provider: [{ class_name: seedProvider, parameters: [seeds] }],
    // A given token spares the node bootstrap and the wait for a ring.
    num_tokens: 1,
    initial_token: '0',
    listen_address: node.host,
    storage_port: node.storagePort,
    rpc_address: node.host,
    native_transport_port: node.port,
    // `periodic`, the usual choice, loses acknowledged writes on kill -9 of a single node.
    commitlog_sync: 'batch',
    commitlog_total_space: '256MiB',
    memtable_heap_space: '96MiB',
    memtable_offheap_space: '64MiB',
    file_cache_size: '64MiB',
    networking_cache_size: '32MiB',
    key_cache_size: '8MiB',
    counter_cache_size: '0MiB',
    concurrent_compactors: 1,
    auto_snapshot: false,
    request_timeout: '10s',
    read_request_timeout: '10s',
    range_request_timeout: '10s',
    write_request_timeout: '10s',
    cas_contention_timeout: '5s',
    truncate_request_timeout: '60s',
  };
}

/** Writes the node's configuration; the answer is the command line behind `java`. */
export function prepareNode(node: NodeSettings, jars: string): readonly string[] {
  const conf = join(node.folder, 'conf');
  const tmp = join(node.folder, 'tmp');
  mkdirSync(conf, { recursive: true });
  mkdirSync(tmp, { recursive: true });
  // JSON is YAML.
  writeFileSync(join(conf, 'cassandra.yaml'), JSON.stringify(cassandraYaml(node), null, 2));
  writeFileSync(join(conf, 'logback.xml'), LOGBACK);
  return [
    '-Xms128m',
    '-Xmx512m',
    '-XX:+ExitOnOutOfMemoryError',
    ...MODULE_FLAGS,
    '-Djdk.attach.allowAttachSelf=true',
    '-Dio.netty.tryReflectionSetAccessible=true',
    '-Djava.net.preferIPv4Stack=true',
    `-javaagent:${join(jars, 'jamm-0.4.0.jar')}`,
    // Native libraries unpack there; a system's temporary folder may forbid running them.
    `-Djava.io.tmpdir=${tmp}`,
    `-Djna.tmpdir=${tmp}`,
    `-Dcassandra.storagedir=${join(node.folder, 'data')}`,
    '-Dcassandra-foreground=yes',
    '-Dcassandra.shutdown_announce_in_ms=0',
    '-Dcassandra.skip_wait_for_gossip_to_settle=0',
    '-Dcassandra.superuser_setup_delay_ms=0',
    '-cp',
    `${conf}:${join(jars, '*')}`,
    'org.apache.cassandra.service.CassandraDaemon',
  ];
}
