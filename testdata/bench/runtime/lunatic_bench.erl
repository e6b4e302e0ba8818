%% The workloads of lunatic-bench runtime as one writes them in Erlang. Reads lines
%% "WORKLOAD A B" and answers each with "NANOSECONDS RESULT P50 P99 MAX", the last three
%% in nanoseconds and 0 where nothing is timed one by one. What is measured is the same
%% as in the guests: see the .c file of the same name.
-module(lunatic_bench).
-export([main/0, take/0]).

main() ->
    case io:get_line("") of
        eof -> halt();
        Line ->
            [Name | Args] = string:lexemes(string:trim(Line), " "),
            command(list_to_atom(Name), [list_to_integer(A) || A <- Args]),
            main()
    end.

%% The workload runs in a process of its own, whose heap is gone afterwards.
command(Name, [A, B]) ->
    Me = self(),
    {Pid, Ref} = spawn_monitor(fun() -> run(Name, A, B, Me) end),
    receive
        {answer, Time, Result, Latencies} ->
            print(Time, Result, Latencies),
            lists:member(Name, [idle, hibernate, echo, http]) andalso hold(Pid),
            receive {'DOWN', Ref, process, Pid, _} -> ok end;
        {'DOWN', Ref, process, Pid, Why} ->
            io:format("error ~0p~n", [Why])
    end.

%% hold answers lines until one says "end".
hold(Pid) ->
    case io:get_line("") of
        eof -> halt();
        "collect\n" ->
            [erlang:garbage_collect(P) || P <- processes()],
            print(0, 0, []),
            hold(Pid);
        _ ->
            Pid ! finish,
            print(0, 0, [])
    end.

print(Time, Result, []) ->
    io:format("~b ~b 0 0 0~n", [Time, Result]);
print(Time, Result, Latencies) ->
    Sorted = lists:sort(Latencies),
    N = length(Sorted),
    At = fun(P) -> lists:nth((N * P + 99) div 100, Sorted) end,
    io:format("~b ~b ~b ~b ~b~n", [Time, Result, At(50), At(99), lists:last(Sorted)]).

now_ns() -> erlang:monotonic_time(nanosecond).

run(Name, A, B, Me) ->
    {Time, Result, Latencies} = workload(Name, A, B),
    Me ! {answer, Time, Result, Latencies},
    case Name of
        idle -> receive finish -> exit_all(get(idle)) end;
        hibernate -> receive finish -> exit_all(get(idle)) end;
        echo -> receive finish -> ok end; % the listening socket ends with its owner
        http -> receive finish -> ok end;
        _ -> ok
    end.

exit_all(Pids) ->
    Refs = [monitor(process, P) || P <- Pids],
    [P ! {1, 0} || P <- Pids],
    [receive {'DOWN', R, process, _, _} -> ok end || R <- Refs],
    ok.

timed(F) ->
    Begin = now_ns(),
    Result = F(),
    {now_ns() - Begin, Result, []}.

take() -> receive {1, V} -> V end.

workload(pingpong, Times, _) ->
    Me = self(),
    Peer = spawn(fun() -> pong(Me, Times) end),
    timed(fun() -> ping(Peer, Times, 0) end);

workload(ring, Nodes, Rounds) ->
    Next = ring(Nodes - 1, Rounds, self()),
    timed(fun() -> lead(Next, Rounds, 0) end);

workload(spawn, Times, 1) ->
    Me = self(),
    timed(fun() -> children(Me, 0, Times, 0) end);
workload(spawn, Times, Spawners) ->
    Me = self(),
    timed(fun() ->
        [spawn(fun() -> Me ! {1, children(self(), 0, Times, 0)} end) || _ <- lists:seq(1, Spawners)],
        sum(Spawners, 0)
    end);

workload(idle, Processes, _) ->
    Me = self(),
    timed(fun() ->
        put(idle, idlers(Me, 0, Processes, [])),
        sum(Processes, 0)
    end);

workload(hibernate, Processes, _) ->
    Me = self(),
    timed(fun() ->
        put(idle, [spawn(fun() -> Me ! {1, I}, erlang:hibernate(?MODULE, take, []) end)
                   || I <- lists:seq(0, Processes - 1)]),
        sum(Processes, 0)
    end);

workload(skynet, Leaves, _) ->
    Me = self(),
    timed(fun() ->
        spawn(fun() -> skynet(Me, 0, Leaves) end),
        take()
    end);

workload(selective, Queued, Times) ->
    fill(0, Queued),
    timed(fun() -> pick(0, Times, 0) end);

workload(drain, Queued, _) ->
    fill(0, Queued),
    timed(fun() -> drain(0, Queued, 0) end);

workload(fair, Times, Spinners) ->
    Me = self(),
    Answerers = list_to_tuple([spawn(fun() -> answer(Me) end) || _ <- lists:seq(1, 1000)]),
    Spinning = [spawn(fun() -> spin(0) end) || _ <- lists:seq(1, Spinners)],
    Begin = now_ns(),
    {Sum, Latencies} = ask(Answerers, 0, Times, 0, []),
    Time = now_ns() - Begin,
    [exit(P, kill) || P <- Spinning ++ tuple_to_list(Answerers)],
    {Time, Sum, Latencies};

workload(fib, N, _) ->
    timed(fun() -> fib(N) end);
workload(sort, N, _) ->
    Numbers = numbers(N, 1),
    timed(fun() ->
        Sorted = lists:sort(Numbers),
        hd(Sorted) + lists:nth(N div 2 + 1, Sorted) + lists:last(Sorted)
    end);
workload(hash, Rounds, _) ->
    Bytes = bytes(),
    timed(fun() -> hash(Rounds, Bytes, 2166136261) end);
workload(sha, Rounds, _) ->
    Bytes = bytes(),
    timed(fun() -> sha(Rounds, Bytes) end);

workload(echo, _, _) ->
    listen([binary, {packet, raw}], fun echo/1);

workload(http, _, _) ->
    listen([binary, {packet, http_bin}], fun request/1).

pong(_, 0) -> ok;
pong(Peer, N) ->
    receive {1, V} -> Peer ! {1, V + 1} end,
    pong(Peer, N - 1).

ping(_, 0, V) -> V;
ping(Peer, N, V) ->
    Peer ! {1, V},
    receive {1, W} -> ping(Peer, N - 1, W) end.

ring(0, _, Next) -> Next;
ring(N, Rounds, Next) -> ring(N - 1, Rounds, spawn(fun() -> pong(Next, Rounds) end)).

lead(_, 0, V) -> V;
lead(Next, N, V) ->
    Next ! {1, V + 1},
    receive {1, W} -> lead(Next, N - 1, W) end.

children(_, N, N, Sum) -> Sum;
children(Me, I, N, Sum) ->
    spawn(fun() -> Me ! {1, I + 1} end),
    receive {1, V} -> children(Me, I + 1, N, Sum + V) end.

idlers(_, N, N, Pids) -> Pids;
idlers(Me, I, N, Pids) ->
    Pid = spawn(fun() -> Me ! {1, I}, take() end),
    idlers(Me, I + 1, N, [Pid | Pids]).

sum(0, Sum) -> Sum;
sum(N, Sum) -> receive {1, V} -> sum(N - 1, Sum + V) end.

skynet(Parent, First, 1) -> Parent ! {1, First};
skynet(Parent, First, Size) ->
    Me = self(),
    Part = Size div 10,
    [spawn(fun() -> skynet(Me, First + I * Part, Part) end) || I <- lists:seq(0, 9)],
    Parent ! {1, sum(10, 0)}.

fill(N, N) -> ok;
fill(I, N) -> self() ! {1, I}, fill(I + 1, N).

pick(N, N, Sum) -> Sum;
pick(I, N, Sum) ->
    self() ! {2, I},
    receive {2, V} -> pick(I + 1, N, Sum + V) end.

drain(N, N, Sum) -> Sum;
drain(I, N, Sum) ->
    receive {1, I} -> drain(I + 1, N, Sum + I) end.

fib(N) when N < 2 -> N;
fib(N) -> fib(N - 1) + fib(N - 2).

numbers(0, _) -> [];
numbers(N, Seed) ->
    Next = (Seed * 1103515245 + 12345) band 16#7fffffff,
    [Next | numbers(N - 1, Next)].

bytes() -> << <<(X bsr 16)>> || X <- numbers(65536, 1) >>.

%% FNV-1a, 32 bits.
hash(0, _, H) -> H;
hash(Rounds, Bytes, H) -> hash(Rounds - 1, Bytes, fnv(Bytes, H)).

fnv(<<B, Rest/binary>>, H) -> fnv(Rest, ((H bxor B) * 16777619) band 16#ffffffff);
fnv(<<>>, H) -> H.

%% SHA-256 in Erlang: crypto:hash is written in C. No number is too large to be a word.
-define(ROR(X, N), ((X bsr N) bor ((X band ((1 bsl N) - 1)) bsl (32 - N)))).
sha(Rounds, Bytes) ->
    K = [
        16#428a2f98, 16#71374491, 16#b5c0fbcf, 16#e9b5dba5, 16#3956c25b, 16#59f111f1, 16#923f82a4, 16#ab1c5ed5,
        16#d807aa98, 16#12835b01, 16#243185be, 16#550c7dc3, 16#72be5d74, 16#80deb1fe, 16#9bdc06a7, 16#c19bf174,
        16#e49b69c1, 16#efbe4786, 16#0fc19dc6, 16#240ca1cc, 16#2de92c6f, 16#4a7484aa, 16#5cb0a9dc, 16#76f988da,
        16#983e5152, 16#a831c66d, 16#b00327c8, 16#bf597fc7, 16#c6e00bf3, 16#d5a79147, 16#06ca6351, 16#14292967,
        16#27b70a85, 16#2e1b2138, 16#4d2c6dfc, 16#53380d13, 16#650a7354, 16#766a0abb, 16#81c2c92e, 16#92722c85,
        16#a2bfe8a1, 16#a81a664b, 16#c24b8b70, 16#c76c51a3, 16#d192e819, 16#d6990624, 16#f40e3585, 16#106aa070,
        16#19a4c116, 16#1e376c08, 16#2748774c, 16#34b0bcb5, 16#391c0cb3, 16#4ed8aa4a, 16#5b9cca4f, 16#682e6ff3,
        16#748f82ee, 16#78a5636f, 16#84c87814, 16#8cc70208, 16#90befffa, 16#a4506ceb, 16#bef9a3f7, 16#c67178f2
    ],
    H = {16#6a09e667, 16#bb67ae85, 16#3c6ef372, 16#a54ff53a, 16#510e527f, 16#9b05688c, 16#1f83d9ab, 16#5be0cd19},
    element(1, lists:foldl(fun(_, S) -> blocks(Bytes, K, S) end, H, lists:seq(1, Rounds))).

blocks(<<>>, _, S) -> S;
blocks(<<Block:64/binary, Rest/binary>>, K, {A, B, C, D, E, F, G, H}) ->
    [W0, W1, W2, W3, W4, W5, W6, W7, W8, W9, W10, W11, W12, W13, W14, W15] = [X || <<X:32>> <= Block],
    {A1, B1, C1, D1, E1, F1, G1, H1} =
        turns(K, W0, W1, W2, W3, W4, W5, W6, W7, W8, W9, W10, W11, W12, W13, W14, W15, A, B, C, D, E, F, G, H),
    blocks(Rest, K, {add(A, A1), add(B, B1), add(C, C1), add(D, D1), add(E, E1), add(F, F1), add(G, G1), add(H, H1)}).

%% W0 to W15 are the next words of the schedule.
turns([], _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, A, B, C, D, E, F, G, H) ->
    {A, B, C, D, E, F, G, H};
turns([K | Ks], W0, W1, W2, W3, W4, W5, W6, W7, W8, W9, W10, W11, W12, W13, W14, W15, A, B, C, D, E, F, G, H) ->
    X = H + (?ROR(E, 6) bxor ?ROR(E, 11) bxor ?ROR(E, 25)) + ((E band F) bxor ((E bxor 16#ffffffff) band G)) + K + W0,
    Y = (?ROR(A, 2) bxor ?ROR(A, 13) bxor ?ROR(A, 22)) + ((A band B) bxor (A band C) bxor (B band C)),
    W16 = W0 + (?ROR(W1, 7) bxor ?ROR(W1, 18) bxor (W1 bsr 3)) + W9 + (?ROR(W14, 17) bxor ?ROR(W14, 19) bxor (W14 bsr 10)),
    turns(Ks, W1, W2, W3, W4, W5, W6, W7, W8, W9, W10, W11, W12, W13, W14, W15, W16 band 16#ffffffff, add(X, Y), A, B, C, add(D, X), E, F, G).

add(X, Y) -> (X + Y) band 16#ffffffff.

spin(N) -> spin((N + 1) band 16#ffffff).

answer(Parent) ->
    receive {1, V} -> Parent ! {1, V + 1} end,
    answer(Parent).

ask(_, N, N, Sum, Latencies) -> {Sum, Latencies};
ask(Answerers, I, N, Sum, Latencies) ->
    Sent = now_ns(),
    element(I rem 1000 + 1, Answerers) ! {1, I},
    receive {1, V} -> ask(Answerers, I + 1, N, Sum + V, [now_ns() - Sent | Latencies]) end.

%% listen answers with the port; a process accepts, and starts one for each connection.
listen(Options, Serve) ->
    {ok, Listener} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}, {active, false}, {backlog, 4096}, {nodelay, true} | Options]),
    {ok, Port} = inet:port(Listener),
    spawn(fun() -> accept(Listener, Serve) end),
    {0, Port, []}.

accept(Listener, Serve) ->
    case gen_tcp:accept(Listener) of
        {ok, Socket} ->
            Pid = spawn(fun() -> receive go -> Serve(Socket) end end),
            ok = gen_tcp:controlling_process(Socket, Pid),
            Pid ! go,
            accept(Listener, Serve);
        {error, closed} -> ok
    end.

echo(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, Bytes} ->
            case gen_tcp:send(Socket, Bytes) of
                ok -> echo(Socket);
                {error, _} -> ok
            end;
        {error, _} -> ok
    end.

%% A request without a body, its fields skipped.
request(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, {http_request, 'GET', {abs_path, Path}, _}} ->
            fields(Socket),
            gen_tcp:send(Socket, response(Path)),
            request(Socket);
        _ -> gen_tcp:close(Socket)
    end.

fields(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, {http_header, _, _, _, _}} -> fields(Socket);
        {ok, http_eoh} -> ok;
        _ -> exit(normal)
    end.

response(<<"/text">>) ->
    [<<"HTTP/1.1 200 OK\r\nDate: ">>, date_field(), <<"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 14\r\n\r\nHello, World!\n">>];
response(_) ->
    <<"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n">>.

%% The date is formatted once a second, as elsewhere.
date_field() ->
    Now = erlang:system_time(second),
    case get(date) of
        {Now, Text} -> Text;
        _ ->
            {{Y, M, D}, {H, Min, S}} = calendar:system_time_to_universal_time(Now, second),
            Day = element(calendar:day_of_the_week(Y, M, D), {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}),
            Month = element(M, {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}),
            Text = list_to_binary(io_lib:format("~s, ~2..0b ~s ~b ~2..0b:~2..0b:~2..0b GMT", [Day, D, Month, Y, H, Min, S])),
            put(date, {Now, Text}),
            Text
    end.
