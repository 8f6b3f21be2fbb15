/** The Terraform of the starter: what its files make; and, with Terraform, whether they would. */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../kit/kt.js';
import { makeProject } from '../../kit/kt.js';
import { root } from '../../kit/sources.js';

const FOLDER = join(root, 'packages/cli/templates/starter/deploy/terraform/eks');
const FILES = readdirSync(FOLDER).filter(name => name.endsWith('.tf'));

type Block = Record<string, unknown>;
/** Blocks by type, and by name: a block that may come more than once is a list. */
interface Hcl {
  variable?: Record<string, Block[]>;
  output?: Record<string, Block[]>;
  resource?: Record<string, Record<string, Block[]>>;
  data?: Record<string, Record<string, Block[]>>;
  terraform?: { required_providers: Record<string, { version: string }>[] }[];
}

// Its types bring those of browsers along.
const { parse } = createRequire(import.meta.url)('@cdktf/hcl2json') as {
  parse: (file: string, text: string) => Promise<Hcl>;
};
const all: Required<Hcl> = { variable: {}, output: {}, resource: {}, data: {}, terraform: [] };

beforeAll(async () => {
  for (const name of FILES) {
    const {
      variable = {},
      output = {},
      resource = {},
      data = {},
      terraform = [],
    } = await parse(name, readFileSync(join(FOLDER, name), 'utf8'));
    Object.assign(all.variable, variable);
    Object.assign(all.output, output);
    for (const [type, named] of Object.entries(resource))
      all.resource[type] = { ...all.resource[type], ...named };
    for (const [type, named] of Object.entries(data)) all.data[type] = { ...all.data[type], ...named };
    all.terraform.push(...terraform);
  }
});
const resource = (type: string, name: string): Block => all.resource[type]?.[name]?.[0] ?? {};
/** The statements of a policy. */
const statements = (name: string): Block[] =>
  (all.data['aws_iam_policy_document']?.[name]?.[0]?.['statement'] ?? []) as Block[];

describe('Terraform of the starter', () => {
  test('each variable has a description and a default, each output a description', () => {
    const variables = Object.entries(all.variable);
    expect(variables.length).toBeGreaterThanOrEqual(10);
    for (const [name, [block]] of variables) {
      expect(Object.keys(block ?? {}), name).toContain('default');
      expect(block?.['description'], name).toMatch(/^[A-Z].*\.$/);
    }
    expect(Object.keys(all.output)).toContain('kt_context');
    for (const [name, [block]] of Object.entries(all.output))
      expect(block?.['description'], name).toBeTruthy();
  });

  test('providers are pinned', () => {
    const versions = all.terraform.flatMap(block => block.required_providers.map(({ aws }) => aws?.version));
    expect(versions).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
  });

  test('three private and three public subnets have one way out, and one to the bucket', () => {
    expect(all.variable['zone_count']?.[0]?.['default']).toBe(3);
    for (const name of ['private', 'public'])
      expect(resource('aws_subnet', name)['count']).toBe('${var.zone_count}');
    expect(Object.keys(all.resource['aws_nat_gateway'] ?? {})).toHaveLength(1);
    expect(resource('aws_nat_gateway', 'this')['count']).toBeUndefined();
    expect(resource('aws_vpc_endpoint', 's3')['vpc_endpoint_type']).toBe('Gateway');
  });

  test('the cluster is EKS Auto Mode with the pool general-purpose', () => {
    const [compute] = resource('aws_eks_cluster', 'this')['compute_config'] as Block[];
    expect(compute).toMatchObject({ enabled: true, node_pools: ['general-purpose'] });
  });

  test('the bucket keeps versions, is nobody else’s, and shut', () => {
    const [versioning] = resource('aws_s3_bucket_versioning', 'data')['versioning_configuration'] as Block[];
    expect(versioning).toEqual({ status: 'Enabled' });
    expect(all.variable['bucket_name']?.[0]?.['default']).toBeNull();
    expect(readFileSync(join(FOLDER, 'data.tf'), 'utf8')).toContain(
      'coalesce(var.bucket_name, "${var.name}-${local.account}-${var.region}")',
    );
    expect(resource('aws_s3_bucket_public_access_block', 'data')).toMatchObject({
      ...{ block_public_acls: true, block_public_policy: true },
      ...{ ignore_public_acls: true, restrict_public_buckets: true },
    });
  });

  test('pods may read, write, delete and break off, in that bucket, and nothing else', () => {
    const allowed = statements('data').flatMap(({ actions }) => actions as string[]);
    expect(allowed.sort()).toEqual([
      's3:AbortMultipartUpload',
      's3:DeleteObject',
      's3:GetObject',
      's3:ListBucket',
      's3:ListBucketMultipartUploads',
      's3:ListMultipartUploadParts',
      's3:PutObject',
    ]);
    for (const { resources } of statements('data'))
      for (const name of resources as string[])
        expect(name).toMatch(/^\$\{aws_s3_bucket\.data\.arn\}(\/\*)?$/);
  });

  test('the role is for one service account, in both ways, and a web identity says for whom it is', () => {
    const conditions = statements('pod_trust').map(({ condition }) =>
      (condition as { variable: string }[]).map(({ variable }) => variable),
    );
    expect(conditions).toEqual([
      [
        'aws:RequestTag/eks-cluster-name',
        'aws:RequestTag/kubernetes-namespace',
        'aws:RequestTag/kubernetes-service-account',
      ],
      ['${local.issuer}:aud', '${local.issuer}:sub'],
    ]);
    expect(resource('aws_eks_pod_identity_association', 'pod')['service_account']).toBe(
      '${var.service_account}',
    );
  });

  test('tags of images are never moved, and no image with a tag is deleted', () => {
    expect(resource('aws_ecr_repository', 'this')['image_tag_mutability']).toBe('IMMUTABLE');
    const policy = resource('aws_ecr_lifecycle_policy', 'this')['policy'] as string;
    expect(policy.match(/tagStatus\W+(\w+)/g)).toEqual([expect.stringContaining('untagged')]);
  });
});

const hasTerraform = spawnSync('terraform', ['version']).status === 0;

/** The whole made of nothing, by a provider that only pretends. */
const MOCKED = `
mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["a", "b", "c", "d"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mocked" }
  }
  mock_resource "aws_eks_cluster" {
    defaults = { identity = [{ oidc = [{ issuer = "https://oidc.example/id/1" }] }] }
  }
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/mocked" }
  }
  mock_resource "aws_ecr_repository" {
    defaults = { repository_url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/kt-starter" }
  }
}

run "all_of_it" {
  assert {
    condition     = length(aws_subnet.private) == 3 && length(aws_subnet.public) == 3
    error_message = "three and three"
  }
  assert {
    condition     = length(distinct(concat(aws_subnet.private[*].cidr_block, aws_subnet.public[*].cidr_block))) == 6
    error_message = "subnets overlap"
  }
  assert {
    condition     = output.kt_context.store == "s3://kt-starter-123456789012-us-east-1/data?region=us-east-1"
    error_message = output.kt_context.store
  }
}

run "four_zones_elsewhere" {
  variables {
    region     = "eu-central-1"
    zone_count = 4
    name       = "jobs"
  }
  assert {
    condition     = output.kt_context.kubeContext == "jobs" && length(aws_subnet.private) == 4
    error_message = output.kt_context.kubeContext
  }
}

run "no_such_name" {
  command = plan
  variables {
    name = "Not A Name"
  }
  expect_failures = [var.name]
}
`;

describe.skipIf(!hasTerraform)('Terraform of the starter, with Terraform', () => {
  test('it is formatted', async () => {
    expect(await run('terraform', ['fmt', '-check', '-recursive'], { dir: FOLDER })).toMatchObject({
      code: 0,
      out: '',
    });
  });

  test('it is valid, and makes what it says when a provider pretends to', async context => {
    const dir = await makeProject({});
    try {
      cpSync(FOLDER, dir, { recursive: true });
      writeFileSync(join(dir, 'mocked.tftest.hcl'), MOCKED);
      // A folder with providers, where the registry is out of reach.
      const plugins = process.env['KT_TERRAFORM_PLUGINS'];
      const from = plugins === undefined ? [] : [`-plugin-dir=${plugins}`];
      const init = await run('terraform', ['init', '-backend=false', '-input=false', ...from], { dir });
      if (init.code !== 0)
        return context.skip(
          'the provider can be had neither from the registry nor from KT_TERRAFORM_PLUGINS',
        );
      const valid = await run('terraform', ['validate', '-no-color'], { dir });
      expect(valid.code, valid.out + valid.err).toBe(0);
      expect(valid.out).not.toContain('Warning');
      const tested = await run('terraform', ['test', '-no-color'], { dir });
      expect(tested.code, tested.out + tested.err).toBe(0);
      expect(tested.out).toContain('3 passed, 0 failed');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
