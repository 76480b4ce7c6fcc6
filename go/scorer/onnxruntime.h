// The few functions of ONNX Runtime's C interface that scoring takes.
#ifndef RANKSPEC_ONNXRUNTIME_H
#define RANKSPEC_ONNXRUNTIME_H

#include <stddef.h>
#include <stdint.h>

// Numbers of ONNX Runtime's own types.
enum { RS_FLOAT32 = 1, RS_INT64 = 7 };

// A tensor whose values are somebody else's.
typedef struct {
  const char *name;
  void *values;
  size_t num_bytes;
  const int64_t *shape;
  size_t rank;
  int type;
} rs_tensor;

// An input or output of a model, of rank 2 at most as far as sizes are told.
typedef struct {
  char name[256];
  int type;
  size_t rank;
  int64_t sizes[2];
} rs_port;

typedef struct rs_session rs_session;

// Each returns NULL, or what is wrong, to be freed.
char *rs_load(const char *library);
char *rs_open(const void *model, size_t num_bytes, const rs_tensor *external, size_t num_external, int threads, rs_session **out);
char *rs_port_at(rs_session *session, int is_output, size_t index, rs_port *out);
char *rs_run(rs_session *session, const rs_tensor *inputs, size_t num_inputs, const rs_tensor *output);

size_t rs_num_ports(rs_session *session, int is_output);
void rs_close(rs_session *session);

#endif
