output "kt_context" {
  description = "The context eks of kt.config.ts: terraform output -json kt_context > kt-context.json"
  value = {
    kubeContext    = aws_eks_cluster.this.name
    kubeconfig     = "deploy/terraform/eks/kubeconfig"
    namespace      = var.namespace
    serviceAccount = var.service_account
    store          = "s3://${aws_s3_bucket.data.bucket}/data?region=${var.region}"
    repository     = aws_ecr_repository.this.repository_url
  }
}

output "kubeconfig_command" {
  description = "Writes the kubeconfig of this cluster beside this file; your own stays as it is."
  value       = "aws eks update-kubeconfig --region ${var.region} --name ${aws_eks_cluster.this.name} --alias ${aws_eks_cluster.this.name} --kubeconfig kubeconfig"
}

output "registry_login_command" {
  description = "Lets this machine push, for twelve hours."
  value       = "aws ecr get-login-password --region ${var.region} | docker login --username AWS --password-stdin ${split("/", aws_ecr_repository.this.repository_url)[0]}"
}

output "pod_role_arn" {
  description = "The role of the pods."
  value       = aws_iam_role.pod.arn
}
