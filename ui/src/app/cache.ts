// The query cache, and the one place where a command that failed tells the user so.
import { MutationCache, QueryClient } from "@tanstack/react-query";
import { sayProblem } from "../components/toasts";
import { problemOf } from "../ipc/client";

/** The app answers at once or not at all: a command it refused is not repeated behind the user's back. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    mutationCache: new MutationCache({
      onError: (error, _args, _context, mutation) => {
        if (mutation.meta?.shownInPlace !== true) sayProblem(problemOf(error));
      },
    }),
    defaultOptions: {
      queries: { retry: false, staleTime: 30_000, networkMode: "always" },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}
