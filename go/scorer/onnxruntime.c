#include "onnxruntime.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

// ONNX Runtime gives its functions as one table, to which versions only add: a function's place in it never changes.
// Naming the places that are used here takes the place of its header, which has some thousands of lines.
enum {
  GET_ERROR_MESSAGE = 2,
  CREATE_ENV = 3,
  DISABLE_TELEMETRY = 6,
  CREATE_SESSION_FROM_ARRAY = 8,
  RUN = 9,
  CREATE_SESSION_OPTIONS = 10,
  SET_LOG_SEVERITY = 22,
  SET_INTRA_OP_THREADS = 24,
  SET_INTER_OP_THREADS = 25,
  SESSION_INPUT_COUNT = 30,
  SESSION_OUTPUT_COUNT = 31,
  SESSION_INPUT_TYPE = 33,
  SESSION_OUTPUT_TYPE = 34,
  SESSION_INPUT_NAME = 36,
  SESSION_OUTPUT_NAME = 37,
  CREATE_TENSOR = 49,
  CAST_TYPE_TO_TENSOR = 55,
  GET_ELEMENT_TYPE = 60,
  GET_RANK = 61,
  GET_SIZES = 62,
  CREATE_CPU_MEMORY_INFO = 69,
  ALLOCATOR_FREE = 76,
  DEFAULT_ALLOCATOR = 78,
  RELEASE_STATUS = 93,
  RELEASE_SESSION = 95,
  RELEASE_VALUE = 96,
  RELEASE_TYPE = 98,
  RELEASE_SESSION_OPTIONS = 100,
  ADD_EXTERNAL_INITIALIZERS = 210,
};
// Of the interface: that of ONNX Runtime 1.17, the first with the operators that bundles have.
enum { INTERFACE_VERSION = 17 };
enum { LOG_FATAL = 4, DEVICE_ALLOCATOR = 0, DEFAULT_MEMORY = 0 };

typedef struct {
  void *const *(*get_table)(uint32_t version);
  const char *(*get_version)(void);
} api_base;

struct rs_session {
  void *session;
  void **external;
  size_t num_external;
};

static void *const *table;
static void *environment, *memory, *allocator;

// Calls a function of the table that returns a status, which is NULL if all went well.
#define CALL(place, types, ...) ((void *(*) types)table[place])(__VA_ARGS__)
#define CALL_VOID(place, value) ((void (*)(void *))table[place])(value)

static char *message_of(void *status) {
  if (status == NULL) {
    return NULL;
  }
  char *message = strdup(((const char *(*)(const void *))table[GET_ERROR_MESSAGE])(status));
  CALL_VOID(RELEASE_STATUS, status);
  return message;
}

char *rs_load(const char *library) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    return strdup(dlerror());
  }
  const api_base *(*get_base)(void) = (const api_base *(*)(void))dlsym(handle, "OrtGetApiBase");
  if (get_base == NULL) {
    dlclose(handle);
    return strdup("the library is not ONNX Runtime");
  }
  table = get_base()->get_table(INTERFACE_VERSION);
  if (table == NULL) {
    dlclose(handle);
    return strdup("the library is older than ONNX Runtime 1.17");
  }
  void *status = CALL(CREATE_ENV, (int, const char *, void **), LOG_FATAL, "rankspec", &environment);
  if (status == NULL) {
    status = CALL(DISABLE_TELEMETRY, (const void *), environment);
  }
  if (status == NULL) {
    status = CALL(CREATE_CPU_MEMORY_INFO, (int, int, void **), DEVICE_ALLOCATOR, DEFAULT_MEMORY, &memory);
  }
  if (status == NULL) {
    status = CALL(DEFAULT_ALLOCATOR, (void **), &allocator);
  }
  return message_of(status);
}

static void *make_value(const rs_tensor *tensor, void **out) {
  return CALL(CREATE_TENSOR, (const void *, void *, size_t, const int64_t *, size_t, int, void **), memory, tensor->values,
              tensor->num_bytes, tensor->shape, tensor->rank, tensor->type, out);
}

static void release_values(void **values, size_t count) {
  for (size_t place = 0; place < count; place++) {
    if (values[place] != NULL) {
      CALL_VOID(RELEASE_VALUE, values[place]);
    }
  }
}

static void *set_up(void *options, int threads, const rs_tensor *external, rs_session *session) {
  void *status = CALL(SET_INTRA_OP_THREADS, (void *, int), options, threads);
  if (status == NULL) {
    status = CALL(SET_INTER_OP_THREADS, (void *, int), options, 1);
  }
  if (status == NULL) {
    status = CALL(SET_LOG_SEVERITY, (void *, int), options, LOG_FATAL);
  }
  const char **names = calloc(session->num_external + 1, sizeof *names);
  for (size_t place = 0; status == NULL && place < session->num_external; place++) {
    names[place] = external[place].name;
    status = make_value(&external[place], &session->external[place]);
  }
  if (status == NULL && session->num_external > 0) {
    status = CALL(ADD_EXTERNAL_INITIALIZERS, (void *, const char *const *, void *const *, size_t), options, names,
                  session->external, session->num_external);
  }
  free(names);
  return status;
}

char *rs_open(const void *model, size_t num_bytes, const rs_tensor *external, size_t num_external, int threads, rs_session **out) {
  rs_session *session = calloc(1, sizeof *session);
  session->external = calloc(num_external + 1, sizeof *session->external);
  session->num_external = num_external;
  void *options = NULL;
  void *status = CALL(CREATE_SESSION_OPTIONS, (void **), &options);
  if (status == NULL) {
    status = set_up(options, threads, external, session);
  }
  if (status == NULL) {
    status = CALL(CREATE_SESSION_FROM_ARRAY, (const void *, const void *, size_t, const void *, void **), environment, model,
                  num_bytes, options, &session->session);
  }
  if (options != NULL) {
    CALL_VOID(RELEASE_SESSION_OPTIONS, options);
  }
  if (status != NULL) {
    rs_close(session);
    return message_of(status);
  }
  *out = session;
  return NULL;
}

void rs_close(rs_session *session) {
  if (session->session != NULL) {
    CALL_VOID(RELEASE_SESSION, session->session);
  }
  release_values(session->external, session->num_external);
  free(session->external);
  free(session);
}

size_t rs_num_ports(rs_session *session, int is_output) {
  size_t count = 0;
  char *message = message_of(
      CALL(is_output ? SESSION_OUTPUT_COUNT : SESSION_INPUT_COUNT, (const void *, size_t *), session->session, &count));
  free(message);
  return message == NULL ? count : 0;
}

static void *read_type(const void *type, rs_port *out) {
  const void *tensor = NULL;
  void *status = CALL(CAST_TYPE_TO_TENSOR, (const void *, const void **), type, &tensor);
  if (status != NULL || tensor == NULL) {
    return status; // Not a tensor: its type stays 0.
  }
  status = CALL(GET_ELEMENT_TYPE, (const void *, int *), tensor, &out->type);
  if (status == NULL) {
    status = CALL(GET_RANK, (const void *, size_t *), tensor, &out->rank);
  }
  if (status == NULL && out->rank <= 2) {
    status = CALL(GET_SIZES, (const void *, int64_t *, size_t), tensor, out->sizes, out->rank);
  }
  return status;
}

char *rs_port_at(rs_session *session, int is_output, size_t index, rs_port *out) {
  memset(out, 0, sizeof *out);
  char *name = NULL;
  void *status = CALL(is_output ? SESSION_OUTPUT_NAME : SESSION_INPUT_NAME, (const void *, size_t, void *, char **),
                      session->session, index, allocator, &name);
  if (status != NULL) {
    return message_of(status);
  }
  // A name that is cut is none of a signature's either.
  strncpy(out->name, name, sizeof out->name - 1);
  free(message_of(CALL(ALLOCATOR_FREE, (void *, void *), allocator, name)));
  void *type = NULL;
  status = CALL(is_output ? SESSION_OUTPUT_TYPE : SESSION_INPUT_TYPE, (const void *, size_t, void **), session->session, index,
                &type);
  if (status == NULL) {
    status = read_type(type, out);
    CALL_VOID(RELEASE_TYPE, type);
  }
  return message_of(status);
}

char *rs_run(rs_session *session, const rs_tensor *inputs, size_t num_inputs, const rs_tensor *output) {
  const char **names = calloc(num_inputs, sizeof *names);
  void **values = calloc(num_inputs + 1, sizeof *values);
  void *status = NULL;
  for (size_t place = 0; status == NULL && place < num_inputs; place++) {
    names[place] = inputs[place].name;
    status = make_value(&inputs[place], &values[place]);
  }
  if (status == NULL) {
    status = make_value(output, &values[num_inputs]);
  }
  if (status == NULL) {
    status = CALL(RUN, (void *, const void *, const char *const *, void *const *, size_t, const char *const *, size_t, void **),
                  session->session, NULL, names, values, num_inputs, &output->name, 1, &values[num_inputs]);
  }
  release_values(values, num_inputs + 1);
  free(values);
  free(names);
  return message_of(status);
}
